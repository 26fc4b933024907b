import { open, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { notAsked } from '../../../properties/asked.js';
import { key } from '../../dsl/index.js';
import { layoutOf } from '../../formats/safetensorsLayout.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { F, TE } from '../../internal/fp.js';
import { leftOf, right } from '../testing.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { readBytes, writeAtomically } from './files.js';
import { withTensors } from './tensorStream.js';

const GIB = 2 ** 30;
const folder = await mkdtemp(join(tmpdir(), 'noisefold-large-'));
afterAll(() => rm(folder, { recursive: true }));

/** Why the test that writes 3 GiB is left out, for its name. */
const noRoom = await statfs(folder).then(({ bavail, bsize }) =>
  bavail * bsize > 7 * GIB ? '' : '(the disk has no room for 7 GiB)',
);

const part = (data: Float32Array<ArrayBuffer>): StoredTensor => ({ dtype: 'F32', shape: [data.length], data });

describe('a safetensors file of 3 GiB', () => {
  /** A sparse file of three tensors of 1 GiB that are zero but for their last number. */
  const sparse = async (): Promise<string> => {
    const path = join(folder, 'sparse');
    const names = ['a', 'b', 'c'];
    const zeros = part(new Float32Array(GIB / 4)); // it takes no memory until it is used
    const { head } = layoutOf({ tensors: new Map(names.map((name) => [name, zeros])), metadata: {} });
    head[8 + '{"__metadata__":{"'.length] = 0x58; // its checksum is a word like another
    head.fill(0x30, 8 + '{"__metadata__":{"crc32":"'.length, 8 + '{"__metadata__":{"crc32":"'.length + 8);
    const handle = await open(path, 'w');
    await handle.write(head);
    for (const [i] of names.entries())
      await handle.write(new Uint8Array(Float32Array.of(i + 1).buffer), 0, 4, head.length + (i + 1) * GIB - 4);
    await handle.close();
    return path;
  };

  test('is read tensor by tensor: the last one without the others', async () => {
    const path = await sparse();
    const last = withTensors(path, { finite: false }, ({ entries, tensor }) => tensor(entries.get('c')!));
    const { data } = right(await last());
    expect([data.length, data[0], data.at(-1)]).toEqual([GIB / 4, 0, 3]);
  });

  test(
    `${noRoom === '' ? notAsked : noRoom} is written as a checkpoint and read back, with its checksum`.trim(),
    {
      skip: noRoom !== '' || notAsked !== '',
    },
    async () => {
      const path = join(folder, 'checkpoint');
      const data = new Float32Array(GIB / 4);
      data[data.length - 1] = 5;
      const snapshot = {
        step: 1,
        key: key(1),
        batch: 1,
        config: null,
        tensors: new Map(['a', 'b', 'c'].map((name) => [name, part(data)])), // 1 GiB of memory, three times
      };
      right(await saveCheckpoint(path)(snapshot)());
      const { tensors, ...rest } = right(await loadCheckpoint(path)());
      expect(rest).toEqual({ step: 1, key: key(1), batch: 1, config: null });
      for (const { data: read } of tensors.values()) {
        const numbers = read as Float32Array<ArrayBuffer>;
        expect(Buffer.compare(new Uint8Array(numbers.buffer), new Uint8Array(data.buffer))).toBe(0);
      }
      const handle = await open(path, 'r+');
      await handle.write(Uint8Array.of(1), 0, 1, 2 * GIB);
      await handle.close();
      expect(await leftOf(loadCheckpoint(path))).toMatchObject({ _tag: 'DecodeError', where: path });
    },
  );

  test('that does not fit in memory is a FileError, and so is a tensor that does not', async () => {
    const path = join(folder, 'huge');
    const header = `{"w":{"dtype":"U8","shape":[${2 ** 43}],"data_offsets":[0,${2 ** 43}]}}`;
    right(
      await writeAtomically(
        path,
        Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer), Buffer.from(header)]),
      )(),
    );
    const handle = await open(path, 'r+');
    await handle.truncate(8 + header.length + 2 ** 43);
    await handle.close();
    const one = withTensors(path, { finite: false }, ({ entries, tensor }) => tensor(entries.get('w')!));
    const tooLarge = { _tag: 'FileError', actual: expect.stringMatching(/^EFBIG: 87960930222\d\d bytes are more/) };
    expect(await leftOf(one)).toMatchObject(tooLarge);
    expect(
      await leftOf(
        F.pipe(
          readBytes(path),
          TE.map(() => undefined),
        ),
      ),
    ).toMatchObject({ _tag: 'FileError' });
  });
});
