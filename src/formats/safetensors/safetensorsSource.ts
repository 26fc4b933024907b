/** Opens safetensors files of any size, to read them tensor by tensor; a file may be larger than the memory. */
import { orRaise } from '../../internal/errors.js';
import { crc32 } from '../bytes/crc32.js';
import { type Demands, openTensors, type OpenTensors, readDense } from './openTensors.js';
import { FIRST_BYTES, readHead, startOf, verified } from './safetensorsLayout.js';
import { bytesAt, PIECE, type Source } from '../bytes/source.js';

/** The checksum of the bytes from a position to the end. */
const checksumFrom = async ({ size, fill }: Source, from: number, before: number): Promise<number> => {
  const piece = new Uint8Array(Math.min(PIECE, size - from));
  let check = before;
  for (let at = from; at < size; at += PIECE) {
    const part = piece.subarray(0, Math.min(PIECE, size - at));
    await fill(part, at);
    check = crc32(part, check);
  }
  return check;
};

/**
 * Opens a safetensors file and checks its header and, if it has one, its checksum. Raises `DecodeError` and
 * `FileError`.
 */
export const openSafetensors = async (source: Source, demands: Demands): Promise<OpenTensors> => {
  const { where, size } = source;
  const first = await bytesAt(source, 0, Math.min(FIRST_BYTES, size));
  const head = await bytesAt(source, 0, orRaise(startOf(where, first, size)));
  const { tensors, metadata, start, checked } = orRaise(readHead(where, head, size));
  if (checked !== undefined)
    orRaise(verified(where, checked.claimed, await checksumFrom(source, start, checked.before)));
  return openTensors(where, tensors, metadata, (entry) =>
    readDense(source, entry, start + entry.begin, entry.end - entry.begin, demands),
  );
};
