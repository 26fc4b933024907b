import { parseAst } from 'vite';
import { describe, expect, test } from 'vitest';
import { edited } from './edits.js';
import { editsOf } from './slim.js';

const slimmed = (file: string, code: string): string => edited(code, editsOf(`/noisefold/src/${file}`, parseAst(code)));

describe('the plugin that leaves out what the page does not need', () => {
  test.each([
    [
      'rules of vmap and of the verifier',
      'dsl/primitives/rules/indexing.ts',
      'export const rules = { gather: { rebuild: (n) => copy(n), vmap: (n, [x]) => gather(x), lowering: { class: `library` } } };',
      'export const rules = { gather: { rebuild: null, vmap: null, lowering: { class: `library` } } };',
    ],
    ['the verifier', 'dsl/compile/passes/optimized.ts', 'verify(name, roots);', 'undefined;'],
    [
      'types of arguments',
      'diffusion/channels/channel.ts',
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
      'the check of what a guidance returns',
      'diffusion/guidance/contrast.ts',
      'const result = checkedResult(`${where}.combine`, count, rule(contrast));',
      'const result = guidanceStateOf(rule(contrast));',
    ],
    [
      'guidance by scores, and its memory',
      'diffusion/guidance/steering.ts',
      'const f = () => { if (score === undefined) return x0; return add(x0, g); }; const d = { ...(recurrent && { recurrent: g(recurrent) }), ...(unguided && { h }) };',
      'const f = () => { return x0; return add(x0, g); }; const d = { ...(undefined), ...(unguided && { h }) };',
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
    [
      'trainings of classifiers',
      'training/fit/trainingLosses.ts',
      'const f = (model) => { if (isClassifier(model)) return ofClassifier(model); if (isLearned(model)) return g(model); };',
      'const f = (model) => { ; if (isLearned(model)) return g(model); };',
    ],
    [
      'couplings, and the checks of data in memory',
      'training/fit/run.ts',
      'checkSteps(training); yield* checkData(training); (coupling ? coupledBy(coupling)(samples) : samples)(); if (batch > size) raise(tag);',
      '[]; yield* []; ((samples))(); if (batch > size) raise(tag);',
    ],
    [
      'checks of the tensors that the page writes, but not of their numbers',
      'checkpoints/checkpoint.ts',
      'for (const [name, tensor] of tensors) checkData(name, tensor, where); checkFinite(tag, where, tensors);',
      'for (const [name, tensor] of tensors) undefined; checkFinite(tag, where, tensors);',
    ],
    [
      'types of the options of learning rates, but not their rules',
      'nn/optimizers/learningRate.ts',
      'const decayFields = { steps: updates(1), floor: optional(share, 0) }; schema(`decay`, decayFields).rule(inOrder);',
      'const decayFields = { steps: __anything, floor: optional(__anything, 0) }; schema(`decay`, decayFields).rule(inOrder);',
    ],
    [
      'types of the options of backends',
      'backends/wasm/options.ts',
      'const wasmOptions = { threads: optional(threadCount), portable: optional(t.boolean, false) };',
      'const wasmOptions = { threads: optional(__anything), portable: optional(__anything, false) };',
    ],
    [
      'code for what no program has',
      'backends/webgpu/wgsl/expressions.ts',
      'if (a) unsupported(fn, dtype); const code = isFormula(fn) ? call(fn) : unsupported(fn, dtype);',
      '; const code = call(fn);',
    ],
    [
      'the check of the parts of errors',
      'internal/errors.ts',
      'const failure = (tag, about) => { if (!isTag(tag)) return failure(`ConfigError`, mistake); return made(tag, about); };',
      'const failure = (tag, about) => { ; return made(tag, about); };',
    ],
    [
      'the check of ascribed shapes',
      'dsl/ops/shape/reshape.ts',
      'const f = (x, shape) => { settle(bindShape(bound, shape, x.shape)); return x; };',
      'const f = (x, shape) => { undefined; return x; };',
    ],
    ['the check of parts', 'nn/layers/layer.ts', 'const all = checkedParts(parts);', 'const all = (parts);'],
    [
      'types of the options of layers',
      'nn/layers/layers.ts',
      "const linearFields = { inputs: channels, initializer: optional(callback('an initializer'), uniform()) };",
      'const linearFields = { inputs: __anything, initializer: optional(__anything, uniform()) };',
    ],
    [
      'the check of plans of another backend',
      'backends/webgpu/device/limits.ts',
      'if (n > limits.maxStorageBuffersPerShaderStage) f(n); if (n > limits.maxBufferSize) g(n);',
      '; if (n > limits.maxBufferSize) g(n);',
    ],
    [
      'texts for consoles',
      'dsl/run/value.ts',
      'const value = inspected(resident, `Value`, note);',
      'const value = (resident);',
    ],
    [
      'rules of operations that no program has',
      'dsl/primitives/rules/reduction.ts',
      "const rules = { reduce: (fn) => { if (fn === 'prod') return others(g); return f(g); }, cumsum: { derivative: (g) => cumsum(g) } };",
      'const rules = { reduce: (fn) => { ; return f(g); }, cumsum: undefined };',
    ],
    [
      'files of Node',
      'evaluation/digits/digitBytes.ts',
      'url.protocol === `file:` ? node().readFile(url) : fetched(url)',
      'fetched(url)',
    ],
    [
      'functions of elements that no program computes',
      'backends/shared/elementary/functions.ts',
      'const tables = [{ pow, mod }, { div, mod: integerMod }];',
      'const tables = [{ pow: undefined, mod: undefined }, { div, mod: integerMod }];',
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
