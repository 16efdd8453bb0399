import assert from "node:assert/strict";
import { test } from "node:test";
import { language, t, useMessages } from "./i18n.js";

test("a text is given in the reader's language, with its values", () => {
  useMessages("ru", { "Remark at {time}": "Замечание в {time}" });
  assert.equal(language(), "ru");
  assert.equal(t("Remark at {time}", { time: "10:04" }), "Замечание в 10:04");
});

test("an unknown text is given as it stands, an unknown value left in place", () => {
  useMessages("kk", {});
  assert.equal(t("Nothing {here}"), "Nothing {here}");
});
