"use strict";
// Style of the pages' scripts: plain scripts that share one scope, so which names there are is TypeScript's to say.

const recommended = require("@eslint/js").configs.recommended;

const asText = "Data reach the page as text: use textContent.";
const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "writeln", "setHTMLUnsafe"];

module.exports = [
  recommended,
  {
    files: ["**/*.js"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "script",
      parserOptions: { ecmaFeatures: { impliedStrict: true } }, // the first script of a page says it for all
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off",
      "no-unused-vars": ["error", { vars: "local" }],
      "no-restricted-properties": ["error", ...markup.map((property) => ({ property, message: asText }))],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      eqeqeq: "error",
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
    },
  },
];
