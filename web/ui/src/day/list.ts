/** The list by keys: arrows, Home and End go from hearing to hearing, Enter opens one (it is a link). */

import { stepped } from "./steps.js";

const list = document.querySelector("[data-list]");

list?.addEventListener("keydown", (event) => {
  const key = (event as KeyboardEvent).key;
  const links = [...list.querySelectorAll<HTMLAnchorElement>("a[href]")];
  const next = stepped(key, links.indexOf(document.activeElement as HTMLAnchorElement), links.length);
  if (next === undefined) return;
  event.preventDefault();
  links[next]?.focus();
});
