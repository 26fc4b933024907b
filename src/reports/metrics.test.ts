import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { decodeMetrics, decodeMetricsLog, encodeMetrics, isLineBefore, type Metrics } from './metrics.js';

const number = fc.double({ noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x)); // JSON has no -0
const metrics: fc.Arbitrary<Metrics> = fc.record(
  {
    step: fc.maxSafeNat(),
    loss: number,
    heldOut: number,
    gradientNorm: number,
    learningRate: number,
    imagesPerSecond: number,
    seconds: number,
  },
  {
    requiredKeys: ['step', 'loss', 'gradientNorm', 'learningRate', 'imagesPerSecond', 'seconds'],
    noNullPrototype: true,
  },
);

const messageOf = (result: either.Either<NoisefoldError, unknown>): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag} ${message}`,
    () => 'accepted',
  )(result);

const read = decodeMetrics('metrics.jsonl');
const line = encodeMetrics({
  step: 3,
  loss: Number.NaN,
  gradientNorm: 1.5,
  learningRate: 1e-3,
  imagesPerSecond: 70,
  seconds: 12.25,
});

test('a line is one JSON object, with null for numbers that are not finite', () => {
  expect(line).toBe(
    '{"step":3,"loss":null,"gradientNorm":1.5,"learningRate":0.001,"imagesPerSecond":70,"seconds":12.25}',
  );
});

test.prop([metrics])('encode, then decode returns the same', (m) => {
  expect(encodeMetrics(m)).not.toContain('\n');
  expect(read(encodeMetrics(m))).toEqual(E.right(m));
});

test('infinity is read as NaN', () => {
  const infinite = encodeMetrics({
    ...{ step: 0, loss: Infinity, gradientNorm: -Infinity },
    ...{ learningRate: 0, imagesPerSecond: 0, seconds: 0 },
  });
  expect(read(infinite)).toMatchObject(E.right({ loss: Number.NaN, gradientNorm: Number.NaN }));
});

test.prop([fc.array(metrics)])('a log is read line by line', (all) => {
  const text = all.map((m) => `${encodeMetrics(m)}\n`).join('');
  expect(decodeMetricsLog('metrics.jsonl')(text)).toEqual(E.right(all));
});

describe('refuses, and names the place', () => {
  test.each([
    ['', 'DecodeError metrics.jsonl: expected JSON, got "'],
    [line.slice(0, -1), 'DecodeError metrics.jsonl: expected JSON, got "'],
    [
      '[]',
      'DecodeError metrics.jsonl: expected { step, loss, gradientNorm, learningRate, imagesPerSecond, seconds, heldOut, accuracy, heldOutAccuracy }, got an array of 0;',
    ],
    [line.replace('"step":3', '"step":-3'), 'DecodeError metrics.jsonl: step: expected an integer ≥ 0, got -3;'],
    [
      line.replace('"loss":null', '"loss":"low"'),
      'DecodeError metrics.jsonl: loss: expected a number or null, got "low";',
    ],
    [line.replace('"loss":null,', ''), 'DecodeError metrics.jsonl: loss: expected a number or null, got nothing;'],
    [line.replace('{', '{"epoch":1,'), 'DecodeError metrics.jsonl: epoch: expected one of the fields step,'],
  ])('%s', (text, message) => {
    expect(messageOf(read(text))).toContain(message);
    expect(messageOf(decodeMetricsLog('metrics.jsonl')(`${line}\n${text}\n`))).toContain(
      message.replace('metrics.jsonl', 'metrics.jsonl, line 2'),
    );
  });
});

test.prop([metrics, fc.nat()])('a resumed run keeps the lines before its step, and no incomplete line', (m, length) => {
  const text = encodeMetrics(m);
  expect(isLineBefore(m.step + 1)(text)).toBe(true);
  expect(isLineBefore(m.step)(text)).toBe(false);
  expect(isLineBefore(m.step + 1)(text.slice(0, length % text.length))).toBe(false);
});

test('bytes in place of the text of a log are an error', () => {
  expect(decodeMetricsLog('metrics.jsonl')(new Uint8Array(3) as never)).toMatchObject(
    E.left({
      _tag: 'ConfigError',
      where: 'metrics.jsonl',
      hint: 'decode bytes by new TextDecoder().decode(bytes)',
    }),
  );
});
