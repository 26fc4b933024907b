/** The functions that kernels call: copies, transforms, softmax, and the inner loops of sums of products. */
import type { Func } from '../assembler/assembler.js';
import { attentionFunctions } from './attention/functions.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS } from './tiles.js';
import { winogradFunctions } from './winograd/functions.js';

export const kernelFunctions = (multiplyAdd: MultiplyAdd): readonly Func[] => [
  ...copyKernels,
  ...winogradFunctions,
  ...attentionFunctions(multiplyAdd),
  ...PANEL_WIDTHS.flatMap((width) => [rowKernel(width, multiplyAdd), outerKernel(width, multiplyAdd)]),
];
