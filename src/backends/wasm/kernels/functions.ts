/** The functions that kernels call: copies, transforms, softmax, and the inner loops of sums of products. */
import type { Func } from '../assembler/assembler.js';
import { attentionFunctions } from './attention/functions.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS, type Tiles } from './tiles.js';
import { winogradFunctions } from './winograd/functions.js';

/** A form of the code of kernels. Their commands are the same in every form, and so are plans. */
export interface KernelForm {
  readonly multiplyAdd: MultiplyAdd;
  readonly tiles: Tiles;
}

export const kernelFunctions = ({ multiplyAdd, tiles }: KernelForm): readonly Func[] => [
  ...copyKernels,
  ...winogradFunctions,
  ...attentionFunctions(multiplyAdd),
  ...PANEL_WIDTHS.flatMap((width) => [rowKernel(width, multiplyAdd, tiles), outerKernel(width, multiplyAdd, tiles)]),
];
