/** A kernel that copies images in blocks of channels, to pad them. All addresses and strides are in bytes. */
import { type Func, i32, increment, repeat, set, v128 } from '../assembler/assembler.js';
import { callable } from '../stage/callable.js';

const [to, toBlock, from, fromPixel, blocks, pixels] = i32.locals('to toBlock from fromPixel blocks pixels');
const [block, pixel, source, target] = i32.locals('block pixel source target');

/**
 * Copies four channels at a time: `to[block, pixel]` is a block of four channels of `from[pixel]`. Pixels of `to` are
 * contiguous.
 */
export const copyBlocks: Func = callable(
  'copyBlocks',
  [to, toBlock, from, fromPixel, blocks, pixels],
  [
    repeat(block, blocks, [
      set(source, from),
      set(target, to),
      repeat(pixel, pixels, [
        v128.store(target, v128.load(source, { align: 4 })),
        increment(source, fromPixel),
        increment(target, 16),
      ]),
      increment(from, 16),
      increment(to, toBlock),
    ]),
  ],
);
