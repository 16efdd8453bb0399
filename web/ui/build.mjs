// Builds what the browser runs.
//
// Every folder src/<app>/ that has a main.ts becomes ../static/build/<app>.js, and beside it <app>.messages.json:
// the texts its sources ask for with t("…"), which the page then delivers in the reader's language (web/i18n.py).
// A folder whose name ends in -cli is a command for Node and has no texts; one that ends in -page becomes a single HTML file
// that works from a disk (build-page.mjs): src/verify-page/ is ../static/build/verify.html.
// `--tests` bundles every src/**/*.test.ts for Node's own test runner into .tests/; `--watch` builds again on change.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildPage } from "./build-page.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "src");
const output = join(here, "..", "static", "build");

/** The texts a source file asks for: t("…") with a plain string, nothing computed. */
export function messagesOf(text) {
  return [...text.matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1]}"`));
}

const writeMessages = {
  name: "messages",
  setup(build) {
    build.onEnd((result) => {
      for (const [file, facts] of Object.entries(result.metafile?.outputs ?? {})) {
        if (!facts.entryPoint || !file.endsWith(".js")) continue;
        const inputs = Object.keys(facts.inputs).filter((path) => !path.includes("node_modules"));
        const texts = inputs.flatMap((path) => messagesOf(readFileSync(join(here, path), "utf-8")));
        const name = file.replace(/\.js$/, ".messages.json");
        writeFileSync(join(here, name), JSON.stringify([...new Set(texts)].sort(), null, 1) + "\n");
      }
    });
  },
};

const common = { absWorkingDir: here, bundle: true, format: "esm", logLevel: "info", charset: "utf8" };

async function buildApps(watch) {
  const all = readdirSync(sources).filter((name) => existsSync(join(sources, name, "main.ts")));
  const apps = all.filter((name) => !/-(cli|page)$/.test(name));
  await buildCommands(all.filter((name) => name.endsWith("-cli")));
  for (const name of all.filter((name) => name.endsWith("-page"))) {
    await buildPage(common, join(sources, name), join(output, name.replace(/-page$/, "")), join(here, "..", "locale"), messagesOf);
  }
  const options = {
    ...common,
    entryPoints: Object.fromEntries(apps.map((name) => [name, join(sources, name, "main.ts")])),
    outdir: output,
    target: "es2022",
    minify: true,
    sourcemap: "linked",
    legalComments: "none",
    metafile: true,
    plugins: [writeMessages],
  };
  if (!watch) return esbuild.build(options);
  return (await esbuild.context(options)).watch();
}

/** Each becomes one file that Node runs without node_modules, wherever it is copied. */
function buildCommands(names) {
  return esbuild.build({
    ...common,
    entryPoints: Object.fromEntries(names.map((name) => [name, join(sources, name, "main.ts")])),
    outdir: output,
    // No package.json lies beside it to say that it is a module.
    format: "cjs",
    platform: "node",
    target: "node20",
  });
}

async function buildTests() {
  const tests = readdirSync(sources, { recursive: true }).filter((name) => name.endsWith(".test.ts"));
  const outdir = join(here, ".tests");
  rmSync(outdir, { recursive: true, force: true });
  await esbuild.build({
    ...common,
    // One flat folder, so that the runner's pattern needs no shell that knows **.
    entryPoints: tests.map((name) => ({ in: join(sources, name), out: name.replace(/\.ts$/, "").replaceAll("/", "-") })),
    outdir,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node20",
    logLevel: "warning",
  });
}

mkdirSync(output, { recursive: true });
try {
  await (process.argv.includes("--tests") ? buildTests() : buildApps(process.argv.includes("--watch")));
} catch {
  console.error(`build failed in ${relative(process.cwd(), here) || "."}`);
  process.exit(1);
}
