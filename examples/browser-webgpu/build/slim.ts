/** Leaves out of the built page what its programs do not need: `rules.ts` says what, and why. */
import type { Plugin } from 'vite';
import { isSyntax, edited, type Edit, type Rule, type Syntax } from './edits.js';
import * as leave from './rules.js';

/** The rules, by the files of noisefold that they are for. */
const rules: readonly (readonly [RegExp, readonly Rule[]])[] = [
  [/[/]src[/]dsl[/](primitives[/]rules|composites)[/]/, [leave.vmap, leave.verifier]],
  [/[/]src[/]dsl[/]compile[/]passes[/]optimized[.]/, [leave.verifies]],
  [/[/]src[/]backends[/](wasm[/]|shared[/]|webgpu[/]gpu[.])/, [leave.advice]],
  [
    /[/]src[/](backends[/]shared[/]elementary[/]functions|dsl[/]primitives[/](elementwise|scalar))[.]/,
    [leave.formulas],
  ],
  [/[/]src[/]backends[/](webgpu[/]library|shared)[/]/, [leave.kernelCases, leave.kernelRules]],
  [/[/]src[/](backends|dsl[/]run)[/]/, [leave.profiles, leave.measurements]],
  [/[/]src[/]evaluation[/]digits[/]digitBytes[.]/, [leave.files]],
  [/[/]src[/]node[/]/, [leave.words]],
  [/[/]browser-webgpu[/](main|worker[/]main)[.]/, [leave.messages]],
  [/[/]src[/]training[/]fit[/]learning[.]/, [leave.classifier]],
  [/[/]src[/]training[/]fit[/]settings[.]/, [leave.settings]],
  [/[/]src[/]training[/]fit[/]run[.]/, [leave.coupling, leave.trainings, leave.warnings]],
  [
    /[/]src[/](formats[/]safetensorsLayout|training[/]checkpoints[/](checkpoint|snapshot))[.]/,
    [leave.tensors, leave.checks],
  ],
  [/[/]src[/]nn[/]layers[/]layer[.]/, [leave.parts]],
  [/[/]src[/]internal[/]errors[.]/, [leave.explanations, leave.stacks]],
  [/[/]src[/]internal[/]schema[.]/, [leave.elsewhere]],
  [/[/]src[/]backends[/]webgpu[/]limits[.]/, [leave.buffers]],
  [/[/]src[/]dsl[/](graph[/]node|run[/]value)[.]/, [leave.prints]],
  [/[/]src[/]dsl[/]primitives[/]rules[/]reduction[.]/, [leave.operations]],
  [/[/]src[/]/, [leave.types, leave.suggestions, leave.json]],
  [/[/]src[/](dsl|internal[/]lookup|backends[/](shared|webgpu|wasm[/](assembler|kernels|region)))/, [leave.invariants]],
  [/[/]src[/]dsl[/]/, [leave.names]],
  [/[/]src[/]dsl[/]run[/]inputs[.]/, [leave.inputs]],
  [/[/]src[/]dsl[/]ops[/]shape[/]reshape[.]/, [leave.ascriptions]],
  [/[/]src[/]diffusion[/]sampling[/]/, [leave.plans]],
  [/[/]src[/]diffusion[/]guidance[/](contrast|steering)[.]/, [leave.guidance, leave.scores]],
  [/[/]src[/]diffusion[/](guidance|denoisers|sampling)[/]/, [leave.memories]],
  [
    /[/]src[/](dsl[/]|nn[/]|diffusion[/]|entry[/]|internal[/](dual|errors|parts)[.]|training[/]fit[/]examples[.])/,
    [leave.guards, leave.statements],
  ],
  [/[/]src[/]backends[/](wasm[/]anchors|webgpu[/]wgsl[/]expressions)[.]/, [leave.guards]],
  [/[/]src[/]backends[/](wasm[/]options|webgpu[/]adapterOptions)[.]/, [leave.optionals]],
  // the rules of learning rates stay, since a file has the numbers of steps
  [/[/]src[/]nn[/]optimizers[/](adam|learningRate)[.]/, [leave.options, leave.namedFields, leave.optionals]],
  [
    /[/]src[/](dsl|diffusion|nn[/]layers|training[/](fit|data))[/]/,
    [leave.optionRules, leave.options, leave.namedFields, leave.optionals],
  ],
  [
    /[/]src[/](dsl|nn|diffusion|entry|training[/](data|couplings|fit[/](?!explosion|divergence|smallerBatch|run[.])|loop[.]))/,
    [leave.checks, leave.refusals, leave.hints, leave.words],
  ],
];

/** The edits of a file. */
export const editsOf = (id: string, program: unknown): readonly Edit[] => {
  const ours = rules.flatMap(([files, all]) => (files.test(id) ? all : []));
  const edits = (n: Syntax): readonly Edit[] => {
    for (const rule of ours) {
      const own = rule(n, (parts) => parts.flatMap(edits));
      if (own !== null) return own;
    }
    return Object.values(n).flat().filter(isSyntax).flatMap(edits);
  };
  return edits(program as Syntax).toSorted((a, b) => a.start - b.start);
};

export const slim: Plugin = {
  name: 'slim',
  apply: 'build',
  transform: {
    filter: { id: /[/](src|browser-webgpu)[/].*[.]ts$/ },
    handler(code, id) {
      const text = edited(code, editsOf(id, this.parse(code)));
      return {
        code: text.includes(leave.ANY) ? `import { unknown as ${leave.ANY} } from 'io-ts';\n${text}` : text,
        map: null,
      };
    },
  },
  renderChunk(_, { modules }) {
    const vmapped = Object.entries(modules).find(([id, { code }]) => /[/]transforms[/]vmap[.]/.test(id) && code);
    if (vmapped) this.error('a program of the page calls vmap, whose rules build/slim.ts leaves out');
  },
};
