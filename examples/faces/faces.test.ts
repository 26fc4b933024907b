import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { either as E } from 'fp-ts';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { foldIn, key } from 'noisefold/dsl';
import { extractFeatures } from 'noisefold/evaluation';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { attributes, heldOutPairsOf, isHeldOut, namesOf } from './attributes.js';
import { drawFace, faceFor, facesOf } from './dataset.js';
import { facePainter } from './drawing.js';
import { faces } from './faces.js';
import { judge, seenIn } from './judge.js';
import { optionsOf } from './options.js';
import { recipe } from './recipe.js';
import { conditionsOf, heldOutRequests, requestOf, requestsOf, seenRequests, textOf } from './requests.js';
import { imagesOf, linesOf, shareAsAsked, shareOfCopies } from './score.js';

const messageOf = (text: string): string => {
  const read = requestOf('ask')(text);
  return E.isLeft(read) ? read.left.message : textOf(read.right);
};

describe('a request', () => {
  test('is read from its words', () => {
    expect(unwrap(requestOf('ask')('blue long hair, glasses,  happy'))).toEqual({
      hair: 'long',
      hairColor: 'blue',
      glasses: 'clear',
      mouth: 'happy',
    });
    expect(unwrap(requestsOf('ask')('no hat; anything'))).toEqual([{ hat: 'none' }, {}]);
  });

  test('is the same after it is written and read', () => {
    const single = namesOf(attributes).flatMap((name) => attributes[name].map((value) => ({ [name]: value })));
    const whole = Array.from({ length: 50 }, (_none, i) => {
      const { gaze: _, ...face } = drawFace(foldIn(key(5), i), false);
      return face;
    });
    for (const request of [...single, ...whole, {}]) expect(unwrap(requestOf('ask')(textOf(request)))).toEqual(request);
  });

  test('of an unknown phrase, or of two values of one attribute, is an error that says what to write', () => {
    expect(messageOf('bleu hair')).toBe(
      'ask: expected attributes of a face, with commas between them, got "bleu hair"; did you mean blue hair?',
    );
    expect(messageOf('wings')).toMatch(/got "wings"; ask for short hair, .*, purple background, or anything$/);
    expect(messageOf('happy, sad')).toBe('ask: expected one value of mouth, got "happy, sad"; leave one of them out');
  });

  test('gives values to each of its faces, null where it leaves an attribute open', () => {
    const { hair, mouth, hat } = conditionsOf([{ hair: 'bob', mouth: 'sad' }, { mouth: 'happy' }]);
    expect([hair, mouth, hat]).toEqual([
      ['bob', null],
      ['sad', 'happy'],
      [null, null],
    ]);
  });

  test('is completed to a face at random, without other pairs that training never shows', () => {
    for (const request of [
      { hairColor: 'blue' },
      { hair: 'long', hairColor: 'blue' },
      { clothing: 'yellow' },
    ] as const) {
      const made = Array.from({ length: 200 }, (_, i) => faceFor(foldIn(key(8), i), request));
      for (const face of made) {
        expect(face).toMatchObject(request);
        expect(Object.keys(face)).toEqual(Object.keys(attributes));
        expect(heldOutPairsOf(face)).toHaveLength('hair' in request ? 1 : 0);
      }
      expect(new Set(made.map(({ mouth }) => mouth)).size).toBe(attributes.mouth.length);
    }
  });

  test('of the picture is held out or not, as its list says', () => {
    expect(seenRequests.some(isHeldOut)).toBe(false);
    expect(heldOutRequests.every(isHeldOut)).toBe(true);
  });
});

test('the command line has numbers in their ranges, and requests', () => {
  expect(unwrap(optionsOf(['--steps', '3', '--ask', 'happy; sad', '--out', 'x']))).toMatchObject({
    ...{ steps: 3, out: 'x', resume: false },
    requests: [{ mouth: 'happy' }, { mouth: 'sad' }],
  });
  for (const [name, value] of [['steps', '0'], ['scored', '1'], ['minutes', '-1'], ['seed', '0.5'], ['ask', 'tall']] as const) expect(E.isLeft(optionsOf([`--${name}`, value]))).toBe(true); // oxfmt-ignore
});

test('the score counts the attributes that are as asked, and the faces that the training had', async () => {
  const { pixels, labels } = unwrap(await facesOf(key(9), 4)());
  const { images } = imagesOf({ pixels, labels });
  const others = attributes.mouth.length;
  const mouth = Array.from(labels.mouth, (value, i) => (i === 0 ? (value + 1) % others : value));
  expect(shareAsAsked({ ...labels, mouth }, labels)).toBeCloseTo(35 / 36, 12);
  const paint = unwrap(await facePainter());
  const train = { pixels: pixels.slice(768) }; // without the first face
  expect(shareOfCopies(paint, images, labels, train)).toBe(0.75);
  const noisy = { ...images, data: images.data.map((x, i) => x + (i % 2 === 0 ? 0.2 : -0.2)) };
  expect(shareOfCopies(paint, noisy, labels, train)).toBe(0.75);
  expect(
    shareOfCopies(paint, images, { ...labels, mouth: labels.mouth.map((value) => (value + 1) % others) }, train),
  ).toBe(0);
  const elsewhere = Array.from({ length: 4 }, (_, i) => {
    const face = drawFace(foldIn(key(9), i), false);
    return paint({ ...face, gaze: face.gaze === 'left' ? 'right' : 'left' });
  });
  const moved = imagesOf({ pixels: Buffer.concat(elsewhere), labels }).images;
  expect(shareOfCopies(paint, moved, labels, train)).toBe(0);
});

test('the judge sees the attributes of real faces, in all combinations', async () => {
  const nf = await open(wasm());
  const network = await nf.run(judge);
  for (const heldOut of [false, true]) {
    const { images, labels } = imagesOf(unwrap(await facesOf(key(77), 500, heldOut)()));
    const { features } = await nf.run(extractFeatures(network, images));
    expect(shareAsAsked(seenIn(features), labels)).toBeGreaterThan(0.995);
  }
  await nf.close();
});

test('a short run of the demo writes its pictures and its score, and draws again without training', async () => {
  const out = await mkdtemp(join(tmpdir(), 'noisefold-faces-'));
  const nf = await open(wasm());
  const lines: string[] = [];
  const network = { ...recipe.network, base: 8, multipliers: [1] };
  const world = {
    ...unwrap(optionsOf(['--steps', '2', '--scored', '4', '--ask', 'blue long hair, happy; anything', '--out', out])),
    ...{ nf, recipe: { ...recipe, network, batch: 4, faces: 50, grid: 2 }, signal: { aborted: false } },
    say: (line: string) => lines.push(line),
    progress: () => () => undefined,
  };
  const score = await faces(world);
  expect(score.asAsked.real).toBeGreaterThan(0.9);
  expect(score.copies.drawn).toBe(0);
  expect(lines).toContain('  * blue long hair, happy');
  expect(lines.slice(-4)).toEqual(linesOf(score));
  const png = await sharp(await readFile(join(out, 'faces.png'))).metadata();
  expect(png).toMatchObject({ format: 'png', channels: 3 });
  const film = await sharp(await readFile(join(out, 'faces.webp')), { animated: true }).metadata();
  expect(film).toMatchObject({ format: 'webp', pages: 3 });
  const checkpoint = join(out, 'network', 'checkpoint.safetensors');
  const { mtimeMs } = await stat(checkpoint);
  expect(await faces({ ...world, resume: true })).toEqual(score);
  expect((await stat(checkpoint)).mtimeMs).toBe(mtimeMs);
  await nf.close();
  await rm(out, { recursive: true });
});
