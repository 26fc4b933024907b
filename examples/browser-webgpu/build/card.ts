/** The picture of link previews: a digit on its way into noise, as the first figure shows it. */
import { gunzipSync } from 'node:zlib';
import { encodePng } from '../../../src/formats/png.js';
import { unwrap } from '../../../src/entry/unwrap.js';
import { mixed, normals } from '../page/noising.js';
import { AREA, SIDE } from '../shared/extent.js';
import { digitIn, levelsIn, STRIDE } from '../shared/noising.js';
import { noising } from './noising.js';

/** Pixels of the picture, of one pixel of a digit, and times of the digits. */
const [WIDTH, HEIGHT, SCALE] = [1200, 630, 9];
const TIMES = [0, 400, 750, 1000];

/** The pixels, ink on paper. */
const grey = (): Uint8Array => {
  const file = Uint8Array.from(gunzipSync(noising())).buffer;
  const levels = levelsIn(file, 'cosine');
  const digits = TIMES.map((t) => mixed(digitIn(file, 3), normals(1, AREA), levels[t / STRIDE]!));
  const [gap, side] = [36, SCALE * SIDE];
  const [left, top] = [(WIDTH - TIMES.length * side - (TIMES.length - 1) * gap) / 2, (HEIGHT - side) / 2];
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [(i % WIDTH) - left, Math.floor(i / WIDTH) - top];
    const at = Math.floor(x / (side + gap));
    const column = Math.floor((x - at * (side + gap)) / SCALE);
    const row = Math.floor(y / SCALE);
    const isIn = x >= 0 && at < TIMES.length && column < SIDE && row >= 0 && row < SIDE;
    return 255 - (isIn ? digits[at]![SIDE * row + column]! : 0);
  });
};

/** The bytes of the PNG. */
export const card = async (): Promise<Uint8Array> =>
  unwrap(await encodePng({ width: WIDTH, height: HEIGHT, channels: 1, data: grey() })());
