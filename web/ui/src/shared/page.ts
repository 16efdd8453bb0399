/** What the page was given by the server: the JSON block `page` (web/pages.py). */
export function pageData<T>(): T {
  const block = document.getElementById("page");
  if (!block?.textContent) throw new Error("the page carries no data block");
  return JSON.parse(block.textContent) as T;
}
