/** Checkpoint files that are chosen, or dropped on the page. */
import type { Event } from '../page/event.js';
import { byId } from './elements.js';

/** The maximum size of a checkpoint, in bytes. */
const LARGEST = 512 * 2 ** 20;

const TITLE = 'This file cannot be opened; the training is unchanged';

const give = async (file: File, happened: (event: Event) => void): Promise<void> => {
  const refuse = (message: string): void => happened({ _tag: 'Complained', title: TITLE, message });
  if (file.size > LARGEST)
    return refuse(`${file.name} has ${(file.size / 2 ** 20).toFixed(0)} MB, more than any network of this page.`);
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    happened({ _tag: 'FileGiven', name: file.name, bytes });
  } catch (thrown) {
    refuse(`${file.name}: ${String(thrown)}`);
  }
};

const carriesFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') === true;

/** Accepts files dropped anywhere on the page, and shows a drop area. */
const listenToDrops = (happened: (event: Event) => void): void => {
  const shade = byId('drop', HTMLDivElement);
  let entered = 0; // the pointer enters an element before it leaves the previous one
  const entering = { dragenter: 1, dragleave: -1, dragover: 0, drop: 0 } as const;
  for (const kind of ['dragenter', 'dragleave', 'dragover', 'drop'] as const)
    document.addEventListener(kind, (event) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      entered = kind === 'drop' ? 0 : entered + entering[kind];
      shade.classList.toggle('over', entered > 0);
      const [file] = kind === 'drop' ? (event.dataTransfer?.files ?? []) : [];
      if (file !== undefined) void give(file, happened);
    });
};

/** Listens to chosen and dropped files. */
export const listenToFiles = (happened: (event: Event) => void): void => {
  const input = byId('file', HTMLInputElement);
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file !== undefined) void give(file, happened);
    input.value = ''; // so that the same file can be chosen again
  });
  listenToDrops(happened);
};
