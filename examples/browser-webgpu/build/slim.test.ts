import { parseAst } from 'vite';
import { describe, expect, test } from 'vitest';
import { edited, editsOf } from './slim.js';

const slimmed = (file: string, code: string): string => edited(code, editsOf(`/noisefold/src/${file}`, parseAst(code)));

describe('the plugin that leaves out what the page does not need', () => {
  test.each([
    [
      'rules of vmap and of the verifier',
      'dsl/primitives/rules/rows.ts',
      'export const rules = { gather: { rebuild: (n) => copy(n), vmap: (n, [x]) => gather(x), lowering: { class: `library` } } };',
      'export const rules = { gather: { rebuild: null, vmap: null, lowering: { class: `library` } } };',
    ],
    ['the verifier', 'dsl/compile/passes/optimized.ts', 'verify(name, roots);', 'undefined;'],
    [
      'types of arguments, but not names of functions',
      'diffusion/levels/channel.ts',
      "const f = demanding('f', { x: part('a channel', 'alpha') }, (x) => demanding('g', { y }, (y) => y)(x));",
      "const f = demanding('f', {}, (x) => demanding('g', {}, (y) => y)(x));",
    ],
    [
      'words of errors, but not their place',
      'dsl/ops/shape/slicing.ts',
      "raise('ShapeError', { where: 'slice', expected: `from ${a}`, actual: show(x), hint: 'give 1' });",
      "raise('ShapeError', { where: 'slice', expected: '', actual: '', hint: '' });",
    ],
    [
      'words in calls of helpers',
      'dsl/ops/shape/slicing.ts',
      'refuseShape(where, `an extent`, shape, "pad it");',
      "refuseShape(where, '', shape, '');",
    ],
    [
      'checks that only raise errors',
      'dsl/ops/shape/slicing.ts',
      'if (a < 0) { raise(tag, about); } b || refuse(x); const c = isRight(d) ? f(d) : wrongShape(d); if (e) raise(e); else g();',
      '; ; const c = f(d); if (e) raise(e); else g();',
    ],
    ['no check of a file', 'formats/npy.ts', 'if (a < 0) raise(tag, about);', null],
    [
      'hints of types',
      'nn/layers/layers.ts',
      "hinted(refined(t.number, 'a rate'), 'try 2')",
      "refined(t.number, 'a rate')",
    ],
    ['suggestions', 'dsl/run/inputs.ts', 'const meant = suggestion(name, names);', 'const meant = undefined;'],
    [
      'nothing of a file that a visitor opens',
      'formats/npy.ts',
      "fail('DecodeError', { hint: 'copy it again' });",
      null,
    ],
    [
      'nothing of another function',
      'dsl/ops/operand.ts',
      'const { hint, vmap = 1 } = rule; verify(x, { rebuild });',
      null,
    ],
  ])('leaves out %s', (_, file, code, expected) => {
    expect(slimmed(file, code)).toBe(expected ?? code);
  });
});
