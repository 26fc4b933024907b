/** The functions that kernels call: copies, transforms, softmax, and the inner loops of sums of products. */
import type { Func } from '../assembler/assembler.js';
import { attentionFunctions } from './attention/functions.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS, type Tiles } from './tiles.js';
import { winogradFunctions } from './winograd/functions.js';

/** What the code of kernels depends on. Their commands depend on nothing, so the plans of all forms are equal. */
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
