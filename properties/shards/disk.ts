/** Small disks for tests: file systems in memory, which need the right to mount. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The bytes that a file of up to this size takes on such a disk. */
const PAGE = 4096;

const succeeds = (command: string, ...words: readonly string[]): boolean =>
  spawnSync(command, words, { stdio: 'ignore' }).status === 0;

const mounted = (folder: string, bytes: number, ...options: readonly string[]): boolean =>
  succeeds('mount', '-t', 'tmpfs', '-o', [...options, `size=${bytes}`].join(','), 'tmpfs', folder);

const probe = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-disk-'));
  const may = mounted(folder, PAGE) && succeeds('umount', folder);
  rmdirSync(folder);
  return may ? '' : 'no right to mount a small disk';
};

/** The reason why tests of full disks are skipped; empty if they can run. */
export const noDisk = process.platform === 'linux' ? probe() : 'no tmpfs on this system';

export interface Disk {
  readonly grow: () => void;
  readonly remove: () => void;
}

/** Makes a folder that holds a number of small files. */
export const diskAt = (folder: string, files: number): Disk => {
  const demand = (isDone: boolean): void => {
    if (!isDone) throw new Error(`the disk ${folder} could not be changed`);
  };
  mkdirSync(folder);
  demand(mounted(folder, files * PAGE));
  return {
    grow: () => demand(mounted(folder, 2 ** 24, 'remount')),
    remove: () => demand(succeeds('umount', folder)),
  };
};
