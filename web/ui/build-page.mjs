// Makes one HTML file of a folder src/<name>-page/: main.ts and page.css inlined, the texts of all languages beside them.
//
// Its policy allows what stands in it, by digest, and nothing else: no address is ever asked.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

const LANGUAGES = ["kk", "ru", "en"];

/** The messages of a .po file: plain msgid and msgstr, which may go on over several lines. Fuzzy ones are left out. */
export function readPo(text) {
  const found = {};
  for (const block of text.split(/\n\s*\n/)) {
    if (/^#,.*\bfuzzy\b/m.test(block)) continue;
    const strings = { msgid: "", msgstr: "" };
    let current = "";
    for (const line of block.split("\n")) {
      const match = /^(?:(msgid|msgstr)\s+)?("(?:[^"\\]|\\.)*")\s*$/.exec(line);
      if (match === null) continue;
      current = match[1] ?? current;
      if (current) strings[current] += JSON.parse(match[2]);
    }
    if (strings.msgid && strings.msgstr) found[strings.msgid] = strings.msgstr;
  }
  return found;
}

function translations(locale, wanted) {
  const all = LANGUAGES.map((language) => {
    const folder = join(locale, language, "LC_MESSAGES");
    const files = readdirSync(folder).filter((name) => name.endsWith(".po"));
    const known = Object.assign({}, ...files.map((name) => readPo(readFileSync(join(folder, name), "utf-8"))));
    return [language, Object.fromEntries(wanted.filter((text) => text in known).map((text) => [text, known[text]]))];
  });
  return Object.fromEntries(all);
}

const digestOf = (text) => `'sha256-${createHash("sha256").update(text, "utf-8").digest("base64")}'`;

/** @param messagesOf what texts a source file asks for */
export async function buildPage(common, folder, output, locale, messagesOf) {
  const options = { ...common, minify: true, legalComments: "none", target: "es2022", write: false, outdir: output };
  const script = await esbuild.build({ ...options, entryPoints: [join(folder, "main.ts")], format: "iife", metafile: true });
  const style = await esbuild.build({ ...options, entryPoints: [join(folder, "page.css")] });
  const inputs = Object.keys(script.metafile.inputs).filter((path) => !path.includes("node_modules"));
  const wanted = [...new Set(inputs.flatMap((path) => messagesOf(readFileSync(join(common.absWorkingDir, path), "utf-8"))))].sort();
  const texts = JSON.stringify(translations(locale, wanted)).replaceAll("<", "\\u003c");
  const [js, css] = [script.outputFiles[0].text.trim(), style.outputFiles[0].text.trim()];
  const policy = `default-src 'none'; script-src ${digestOf(js)}; style-src ${digestOf(css)}; base-uri 'none'; form-action 'none'`;
  const page = `<!doctype html>
<html lang="kk">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Hattama</title>
<style>${css}</style>
</head>
<body>
<main></main>
<noscript>JavaScript</noscript>
<script type="application/json" id="texts">${texts}</script>
<script>${js}</script>
</body>
</html>
`;
  writeFileSync(output + ".html", page);
}
