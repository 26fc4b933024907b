/** Signature help of calls, and hover texts of operations, from the language service. */
import ts from 'typescript';
import { editorOf } from '../operations/compilers.js';

/** Calls that are not finished, as far as they are written. */
const CALLS: readonly string[] = [
  ...[
    'conv2d(',
    'conv2d(image, ',
    'conv2d(image, kernel, ',
    'downsample(image, ',
    'attention(tokens, ',
    'layerNorm(tokens, ',
  ],
  ...[
    'groupNorm(image, ',
    'where(',
    'where(mask, ',
    'sum(',
    'sum(image, ',
    'mean(image, ',
    'softmax(image, ',
    'split(',
    'split(image, ',
  ],
  ...[
    'halve(',
    'concat(image, ',
    'matmul(',
    'matmul(tokens, ',
    'reshape(',
    'reshape(image, ',
    'transpose(image, ',
    'rearrange(image, ',
  ],
  ...[
    'add(',
    'add(image, ',
    'sub(image, ',
    'addBias(image, ',
    'addPerSample(image, ',
    'einsum(image, ',
    'broadcastTo(image, ',
  ],
  ...[
    'gather(tokens, ',
    'topK(image, ',
    'slice(image, ',
    'pad(image, ',
    'maxPooling(image, ',
    'cumsum(image, ',
    'exp(',
    'iota(',
  ],
];

const nameIn = (call: string): string => /^\w+/.exec(call)![0];
const names = [...new Set(CALLS.map(nameIn))];

const START = `import { ${names.join(', ')}, type Tensor } from 'noisefold/dsl';
declare const image: Tensor<['B', 32, 32, 64]>;
declare const tokens: Tensor<['B', 49, 64]>;
declare const kernel: Tensor<[3, 3, 64, 128]>;
declare const mask: Tensor<['B', 32, 32, 64], 'bool'>;
`;

/** The signature help of a call. */
export interface Help {
  readonly call: string;
  readonly overloads: number;
  /** The number of the overload that is shown first, from 1. */
  readonly shown: number;
  readonly text: string;
}

const onOneLine = (parts: readonly ts.SymbolDisplayPart[] | undefined): string =>
  ts.displayPartsToString([...(parts ?? [])]).replaceAll(/\s+/g, ' ');

const textOf = (item: ts.SignatureHelpItem): string => {
  const parameters = item.parameters.map(({ displayParts }) => onOneLine(displayParts));
  const separator = onOneLine(item.separatorDisplayParts);
  return `${onOneLine(item.prefixDisplayParts)}${parameters.join(separator)}${onOneLine(item.suffixDisplayParts)}`;
};

/** The help for each call, and the text for each name. */
export const helpOf6 = (): { readonly calls: readonly Help[]; readonly names: Readonly<Record<string, string>> } => {
  const moduleOf = (i: number): string => `call${i}`;
  const texts = CALLS.map((call) => START + call);
  const { service, pathOf } = editorOf({
    ...Object.fromEntries(texts.map((text, i) => [moduleOf(i), text])),
    names: START,
  });
  const calls = CALLS.map((call, i) => {
    const help = service.getSignatureHelpItems(pathOf(moduleOf(i)), texts[i]!.length, {});
    if (help === undefined) throw new Error(`no help for ${call}`);
    const { items, selectedItemIndex } = help;
    return { call, overloads: items.length, shown: selectedItemIndex + 1, text: textOf(items[selectedItemIndex]!) };
  });
  const hover = (name: string): string =>
    onOneLine(service.getQuickInfoAtPosition(pathOf('names'), START.search(new RegExp(`\\b${name}\\b`)))?.displayParts);
  return { calls, names: Object.fromEntries(names.map((name) => [name, hover(name)])) };
};
