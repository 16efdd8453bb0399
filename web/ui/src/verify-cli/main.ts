/** `node verify-cli.js DIR --trust VKEY …` prints the report as JSON; status 0 only when all three findings are good. */
import { parseArgs } from "node:util";

import { verify } from "../verify/index";
import { DirectorySource } from "./directory";

const USAGE = "usage: node verify-cli.js DIR [--trust VERIFIER_KEY]...";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { trust: { type: "string", multiple: true, default: [] } },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) {
    console.error(USAGE);
    return 64; // EX_USAGE of sysexits.h
  }
  const report = await verify(new DirectorySource(folder), values.trust);
  console.log(JSON.stringify(report, null, 1));
  return report.good ? 0 : 1;
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 66; // EX_NOINPUT: the folder or a file in it cannot be read
  },
);
