// Removes the comments of the built modules, which the declarations repeat, but for those that tell a bundler that a call has no
// effect: without them it keeps code that a program does not use. (`--removeComments` of the compiler removes these too.)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const COMMENT = /\/\*[^]*?\*\/|\/\/[^\n]*/g;
const EFFECT_FREE = /^\/\* *[@#]__(PURE|NO_SIDE_EFFECTS)__ *\*\/$/;

/** The tokens of a node, in order. A documentation comment is a node too, and also stands before the token that follows. */
const tokensOf = (node, file) => {
  const children = node.getChildren(file);
  if (children.length === 0) return [node];
  return children.filter((child) => !ts.isJSDoc(child)).flatMap((child) => tokensOf(child, file));
};

/** What stands between two tokens: space, of which half of an indentation of four is enough, and comments. */
const between = (trivia) =>
  trivia
    .replaceAll(COMMENT, (comment) => (EFFECT_FREE.test(comment) ? comment : ''))
    .replaceAll(/ *\n\s*(?=\n)/g, '')
    .replaceAll(/(?<=\n *)  /g, ' ');

const uncommented = (text) => {
  const [hashbang = ''] = /^#!.*\n/.exec(text) ?? [];
  const file = ts.createSourceFile('a.js', text.slice(hashbang.length), ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const parts = tokensOf(file, file).map(
    (token) => between(file.text.slice(token.pos, token.getStart(file))) + token.getText(file),
  );
  return `${hashbang}${parts.join('').trim()}\n`;
};

for (const name of readdirSync('dist', { recursive: true }))
  if (name.endsWith('.js')) {
    const file = `dist/${name}`;
    writeFileSync(file, uncommented(readFileSync(file, 'utf8')));
  }
