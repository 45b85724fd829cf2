/**
 * One page that needs nothing else: no server, no network. The names in a model can come from anybody. So they stand
 * only in the data block, where no character of theirs can end it, and the script puts them into the page as text. The
 * policy in the page's head allows this script and this style, and nothing else may run or load.
 */
import { createHash } from 'node:crypto';
import type { PageData } from './data.ts';

/** What the build makes of `page/`. */
export interface Assets {
  script: string;
  style: string;
}

export function htmlOf(data: PageData, { script, style }: Assets): string {
  const policy = [
    "default-src 'none'",
    `script-src ${sourceHash(script)}`,
    `style-src ${sourceHash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(data.title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page draws a graph with a script, and scripts are switched off.</noscript>
<script type="application/json" id="data">${escapeJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function sourceHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return text.replace(/[&<>]/g, (char: string) => entities[char]!);
}

/** Inside a script element only `<` can do harm, and JSON has it only within strings, where it can be escaped. */
function escapeJson(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
