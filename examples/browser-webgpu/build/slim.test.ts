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
      'types of arguments',
      'diffusion/levels/channel.ts',
      "const f = demanding('f', { x: part('a channel', 'alpha') }, (x) => demanding('g', { y }, (y) => y)(x));",
      'const f = ((x) => ((y) => y)(x));',
    ],
    [
      'the name that an error has outside',
      'dsl/ops/shape/joining.ts',
      "tensor(named('stack', () => nodes.concat(parts, axis)));",
      'tensor((() => nodes.concat(parts, axis))());',
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
      'types and rules of options, but not their names and defaults',
      'diffusion/guidance/cfg.ts',
      'schema(`cfg`, { ...both, rescale: optional(share, 0), scale: finite, f: optional(callback(`f`)) }).rule(check)',
      'schema(`cfg`, { ...both, rescale: optional(__anything, 0), scale: __anything, f: optional(__anything) })',
    ],
    [
      'types of options that several functions have',
      'dsl/ops/image/pooling.ts',
      "const poolFields = { window: pair('a size'), strides: optional(pair('a size'), [2, 2]) };",
      'const poolFields = { window: __anything, strides: optional(__anything, [2, 2]) };',
    ],
    [
      'no options of a network, which a file may describe',
      'nn/networks/unet.ts',
      'schema(`unet`, { base: optional(positive, 64) }).rule(check)',
      null,
    ],
    ['the loss of classifiers', 'training/fit/learning.ts', 'f(loss ?? classifierLosses)', 'f(loss ?? undefined)'],
    [
      'files of Node',
      'evaluation/digits/digitBytes.ts',
      'url.protocol === `file:` ? node().readFile(url) : fetched(url)',
      'fetched(url)',
    ],
    [
      'functions of elements that no program computes',
      'backends/shared/elementary/functions.ts',
      'export const binaryFormulas = { pow, mod };',
      'export const binaryFormulas = { pow: undefined, mod };',
    ],
    [
      'checks that only raise errors',
      'dsl/ops/shape/slicing.ts',
      'if (a < 0) { raise(tag, about); } b || refuse(x); const c = isRight(d) ? f(d) : wrongShape(d); if (e) raise(e); else g(h ?? raise(h));',
      '; ; const c = f(d); if (e) raise(e); else g((h));',
    ],
    [
      'what always holds in a backend',
      'backends/wasm/assembler/encoder.ts',
      'if (at < 0) throw new RangeError(`${at}`); try { f(); } catch (thrown) { if (at > 1) throw thrown; }',
      '; try { f(); } catch (thrown) { if (at > 1) throw thrown; }',
    ],
    [
      'kernels of operations that no program has',
      'backends/webgpu/library/rule.ts',
      "switch (node.op) { case 'gather': f(x); break; case 'cumsum': g(x); }",
      "switch (node.op) { case 'gather': f(x); break;  }",
    ],
    [
      'measurements of calls',
      'backends/wasm/engine/execution.ts',
      'const parts = milliseconds === null ? segments : calls; const runner = { profile: (inputs) => work(inputs) };',
      'const parts = true ? segments : calls; const runner = { profile: undefined };',
    ],
    [
      'checks of the inputs of a program',
      'dsl/run/inputs.ts',
      'const outcome = checkTwice(planned, all);',
      "const outcome = ({ _tag: 'Right' });",
    ],
    [
      'the test whether a value is JSON',
      'internal/json/json.ts',
      'const objection = findNonJson(value);',
      'const objection = null;',
    ],
    [
      'checks with their words, and statements that only call a check',
      'dsl/ops/shape/slicing.ts',
      'if (a < 0) { const expected = `from 0`; raise(tag, { expected }); } demandFloats(where, x); if (b) { f(); raise(tag); }',
      '; ; if (b) { f(); raise(tag); }',
    ],
    [
      'the checks of plans',
      'diffusion/sampling/sampler.ts',
      'const plan = planOf(solver, levels, noising);',
      'const plan = (solver).plan(levels, noising);',
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
