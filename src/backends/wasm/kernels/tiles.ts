/**
 * Panel widths, and the register tiles of the kernels that read panels of each width. Tiles change the speed, never the
 * bits: each sum adds the same terms in the same order.
 *
 * V8 moves all loads of a basic block to its beginning. The registers must therefore hold the sums of a tile, the loads
 * of one step and one product. A sum that does not fit stays in memory, which halves the speed. x64 has 15 registers
 * for V8: of 128 bits, or of 256 where V8 computes pairs of vectors in one register ("pairing"), which doubles the tile
 * that fits.
 *
 * On AMD Zen 3 and similar CPUs, a broadcast from memory needs the same four execution units as a product or a sum. Wide
 * tiles with few rows need few broadcasts and are the fastest: 2×16 reaches 90 % of the peak, 4×8 and 3×12 at most 75 %.
 */
import { type Expr, i32 } from '../assembler/assembler.js';

/** Columns of a panel in memory, padding included. */
export type PanelWidth = 4 | 8 | 16;

/** All panel widths, widest first. */
export const PANEL_WIDTHS: readonly PanelWidth[] = [16, 8, 4];

/** The rows of the tiles, by panel width. */
export interface Tiles {
  /** Rows of the row kernel's tile, a divisor of {@link ROW_MULTIPLE}. */
  readonly rows: Readonly<Record<PanelWidth, 1 | 2 | 3 | 4 | 6>>;
  /** Rows of the outer-product kernel's tile. */
  readonly outer: Readonly<Record<PanelWidth, 2 | 4>>;
}

/** Tiles for registers of 128 bits. */
export const NARROW_TILES: Tiles = { rows: { 16: 2, 8: 4, 4: 6 }, outer: { 16: 2, 8: 4, 4: 4 } };

/** Tiles for registers of 256 bits, or for more than 15 of 128 bits. */
export const WIDE_TILES: Tiles = { rows: { 16: 6, 8: 4, 4: 6 }, outer: { 16: 4, 8: 4, 4: 4 } };

/** A number of rows that is a multiple of the rows of every tile. */
export const ROW_MULTIPLE = 12;

/** The maximum number of rows of a tile. */
export const MOST_TILE_ROWS = 6;

/** The number of tiles that hold `rows` rows. */
export const wholeTiles = (rows: Expr<'i32'>, tileRows: number): Expr<'i32'> =>
  i32.div_u(i32.add(rows, tileRows - 1), tileRows);
