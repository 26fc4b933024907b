/** Drawing: lights on a dark film, which add up until they are white. */
import type { Picture } from 'noisefold/training';
import type { Points } from './energyDistance.js';

const SIZE = 640; // pixels
const EXTENT = 2.8; // what is seen of each axis, from -EXTENT to EXTENT
const COLD = [0.16, 0.4, 1]; // red, green, blue
const WARM = [1, 0.45, 0.12];

/** Adds a light at (x, y) to a film, from cold at 0 to warm at 1, with a glow of `radius` pixels. */
const shine = (
  film: Float64Array,
  x: number,
  y: number,
  warmth: number,
  brightness: number,
  radius: number,
) => {
  const [column, row] = [((1 + x / EXTENT) * SIZE) / 2, ((1 - y / EXTENT) * SIZE) / 2];
  const color = COLD.map((cold, c) => brightness * (cold + (WARM[c]! - cold) * warmth));
  const reach = 3 * radius;
  for (let v = Math.max(0, Math.ceil(row - reach)); v <= Math.min(SIZE - 1, row + reach); v++)
    for (let u = Math.max(0, Math.ceil(column - reach)); u <= Math.min(SIZE - 1, column + reach); u++) {
      const glow = Math.exp(-((u - column) ** 2 + (v - row) ** 2) / (2 * radius ** 2));
      for (let c = 0; c < 3; c++) film[3 * (v * SIZE + u) + c]! += glow * color[c]!;
    }
};

const picture = (draw: (film: Float64Array) => void): Picture => {
  const film = new Float64Array(3 * SIZE * SIZE).fill(0.03);
  draw(film);
  return { width: SIZE, height: SIZE, channels: 3, data: Uint8Array.from(film, (light) => 255 * (1 - Math.exp(-light))) }; // prettier-ignore
};

/** The density of many points. */
export const density = (points: Points): Picture =>
  picture((film) => {
    for (let i = 0; i < points.length; i += 2)
      shine(film, points[i]!, points[i + 1]!, 1, 1400 / points.length, 3);
  });

const PARTS = 12; // of each step, so that lights make a line

/** The ways of the first points, from cold noise to warm data. */
export const ways = (places: readonly Points[], count: number): Picture =>
  picture((film) => {
    const end = (places.length - 1) * PARTS;
    for (let i = 0; i < 2 * count; i += 2)
      for (let at = 0; at <= end; at++) {
        const [from, to] = [places[Math.floor(at / PARTS)]!, places[Math.ceil(at / PARTS)]!];
        const along = (axis: number) => from[axis]! + (to[axis]! - from[axis]!) * ((at % PARTS) / PARTS);
        const isEnd = at % end === 0;
        shine(film, along(i), along(i + 1), at / end, isEnd ? 1.2 : 0.07, isEnd ? 2 : 0.8);
      }
  });

/** Two pictures of one size, the second to the right of the first. */
export const beside = (a: Picture, b: Picture): Picture => {
  const row = a.width * a.channels;
  const rows = Array.from({ length: a.height }, (_, y) => [y * row, (y + 1) * row] as const);
  const data = rows.flatMap((ends) => [...a.data.subarray(...ends), ...b.data.subarray(...ends)]);
  return { ...a, width: 2 * a.width, data: Uint8Array.from(data) };
};
