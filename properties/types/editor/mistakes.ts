/** Typical mistakes in a network: changes of its text, of which one marks the place of the error with «…». */
import { NETWORK } from './network.js';

type Change = readonly [before: string, after: string];

/** A network with one mistake. */
export interface Mistake {
  readonly title: string;
  readonly text: string;
  /** The range of the text in which the error starts. */
  readonly mark: readonly [from: number, to: number];
}

const changes: Readonly<Record<string, readonly Change[]>> = {
  'a kernel of patches for other channels': [
    ['4, 4, 1, 64)', '4, 4, 3, 64)'],
    ['conv2d(x, kernel,', 'conv2d(x, «kernel»,'],
  ],
  'a kernel before the image': [['conv2d(x, kernel,', 'conv2d(«kernel, x»,']],
  'a misspelt option of a convolution': [["padding: 'valid'", "«pading»: 'valid'"]],
  'a misspelt option of a layer': [['size: 32, outputs: 64,', 'size: 32, «output»: 64,']],
  'patches that are not rearranged to tokens': [['add(token, position))(tokens)', 'add(token, position))(«patches»)']],
  'positions for another number of tokens': [
    ['normalOf(0.02), 49, 64', 'normalOf(0.02), 64, 64'],
    ['add(token, position))(tokens)', 'add(token, position))(«tokens»)'],
  ],
  'heads that do not divide the channels': [['heads: 4', '«heads: 5»']],
  'an attention without its values': [['attention(q, k, v, { heads: 4 })', '«attention(q, k, { heads: 4 })»']],
  'widths of the hidden layer that are swapped': [
    ['inputs: 256, outputs: 64', 'inputs: 64, outputs: 256'],
    ['narrow(hidden)', 'narrow(«hidden»)'],
  ],
  'a modulation that is split into five parts': [['[64, 64, 64, 64, 64, 64]', '«[64, 64, 64, 64, 64]»']],
  'a modulation that has five parts': [
    ['outputs: 384', 'outputs: 320'],
    ['[64, 64, 64, 64, 64, 64]', '«[64, 64, 64, 64, 64, 64]»'],
  ],
  'an embedding of another width': [
    ['size: 32, outputs: 64,', 'size: 32, outputs: 128,'],
    ['ofClass(label))', '«ofClass(label)»)'],
  ],
  'labels of another batch': [
    ["label: 'B:int32'", "label: 'N:int32'"],
    ['const predicted = transformer.apply(params)(x, t, label)', 'const predicted = transformer.apply(params)(x, t, «label»)'], // oxfmt-ignore
  ],
  'times where the embedding belongs': [['f(h, e)', 'f(h, «t»)']],
  'a target of integers': [
    ["v: 'B 28 28 1'", "v: 'B 28 28 1:int32'"],
    ['sub(predicted, v)', 'sub(predicted, «v»)'],
  ],
  'a sum over an axis that is missing': [['[1, 2, 3]))', '«[1, 2, 4]»))']],
  'an image of another number of rows': [['{ H: 7, p: 4, q: 4 }', '«{ H: 8, p: 4, q: 4 }»']],
  'outputs for three channels': [
    ['outputs: 16', 'outputs: 48'],
    ["return rearrange(y, 'B (H W)", "«return rearrange»(y, 'B (H W)"],
  ],
  'arguments of a network in another order': [
    ['const predicted = transformer.apply(params)(x, t, label)', 'const predicted = transformer.apply(params)(«t», x, label)'], // oxfmt-ignore
  ],
  'a network whose parameters are not bound': [
    ['const predicted = transformer.apply(params)(x, t, label)', 'const predicted = «transformer.apply(x, t, label)»'], // oxfmt-ignore
  ],
  'a process that is not unwrapped': [
    ['unwrap(ddpm(cosine(1000)))', 'ddpm(cosine(1000))'],
    ['denoiser, noising,', 'denoiser, «noising»,'],
  ],
};

const mistakeOf = (title: string, own: readonly Change[]): Mistake => {
  const whole = own.reduce((text, [before, after]) => {
    if (text.split(before).length !== 2) throw new Error(`not once in the network: ${before}`);
    return text.replace(before, after);
  }, NETWORK);
  const mark = [whole.indexOf('«'), whole.indexOf('»') - 1] as const;
  return { title, text: whole.replaceAll(/[«»]/g, ''), mark };
};

export const mistakes: readonly Mistake[] = Object.entries(changes).map(([title, own]) => mistakeOf(title, own));
