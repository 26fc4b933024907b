/** Shares a figure: its link, a picture, a film, or the lines that embed it in another page. */
import { applyPalette, GIFEncoder, quantize } from 'gifenc/dist/gifenc.esm.js';
import type { download } from './elements.js';

/** The space around the pictures, and the pixels of the file for one of CSS. */
const [MARGIN, SCALE] = [16, 2];

/** Writes each word of a caption where the page has it. */
const write = (context: CanvasRenderingContext2D, caption: HTMLElement): void => {
  const texts = document.createTreeWalker(caption, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    context.font = getComputedStyle(text.parentElement!).font;
    for (const { 0: word, index } of (text as Text).data.matchAll(/\S+/g)) {
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const { left, top, height } = range.getBoundingClientRect();
      context.fillText(word, left, top + height / 2);
    }
  }
};

/** The canvases of a figure and their captions, as one picture. */
const pictureOf = (figure: HTMLElement, scale: number): HTMLCanvasElement => {
  const seen = (selector: string) =>
    [...figure.querySelectorAll<HTMLElement>(selector)].filter((one) => one.checkVisibility());
  const canvases = seen('canvas') as HTMLCanvasElement[];
  const captions = seen('figcaption, .digits span, .scales b, .scales span');
  const boxes = [...canvases, ...captions].map((one) => one.getBoundingClientRect());
  const [left, top] = [Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top))];
  const picture = document.createElement('canvas');
  picture.width = scale * (Math.max(...boxes.map((box) => box.right)) - left + 2 * MARGIN);
  picture.height = scale * (Math.max(...boxes.map((box) => box.bottom)) - top + 2 * MARGIN);
  const context = picture.getContext('2d')!;
  const { color } = getComputedStyle(figure);
  const colours = getComputedStyle(document.documentElement);
  context.scale(scale, scale);
  context.fillStyle = colours.backgroundColor;
  context.fillRect(0, 0, picture.width, picture.height);
  context.translate(MARGIN - left, MARGIN - top);
  context.imageSmoothingEnabled = false;
  for (const canvas of canvases) {
    const box = canvas.getBoundingClientRect();
    context.fillStyle = getComputedStyle(canvas).backgroundColor;
    context.fillRect(box.left, box.top, box.width, box.height);
    context.drawImage(canvas, box.left, box.top, box.width, box.height);
  }
  context.fillStyle = color;
  context.textBaseline = 'middle';
  for (const caption of captions) write(context, caption);
  return picture;
};

const drawn = (): Promise<unknown> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

/** The number of pictures of a film, and the time of each, in milliseconds. */
const [MOST, EACH] = [26, 120];

/** Moves the slider of the figure from noise to data, and encodes what it shows. */
const filmOf = async (figure: HTMLElement): Promise<Blob | null> => {
  const slider = figure.querySelector<HTMLInputElement>('[data-film]');
  if (slider === null || slider.disabled) return null;
  const set = async (value: string): Promise<void> => {
    slider.value = value;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await drawn();
  };
  const [before, most] = [slider.value, Number(slider.max)];
  const count = Math.min(MOST, most + 1);
  const gif = GIFEncoder();
  for (let i = 0; i < count; i++) {
    const part = i / Math.max(1, count - 1);
    // the time of the first figure falls from noise to the digit
    await set(`${Math.round(most * (slider.id === 't' ? 1 - part : part))}`);
    const picture = pictureOf(figure, 1);
    const { data, width, height } = picture.getContext('2d')!.getImageData(0, 0, picture.width, picture.height);
    const palette = quantize(data, 64);
    gif.writeFrame(applyPalette(data, palette), width, height, { palette, delay: i + 1 < count ? EACH : 10 * EACH });
  }
  gif.finish();
  await set(before);
  return new Blob([gif.bytes() as Uint8Array<ArrayBuffer>], { type: 'image/gif' });
};

/** Why a link shows the same picture, and what it does not hold. */
const heldBy = (figure: HTMLElement): string =>
  figure.id === 'use'
    ? 'your choices and the seed of the noise, so all who open it see the same digits, by the loaded network. Your own network and your repairs stay here.'
    : 'your choices and the seed of the noise. All else is computed from these, so all who open it see the same picture: in one version of a browser each byte, in others about the same.';

/** Does what a button names; returns what to say. */
export const share = async (
  kind: string,
  figure: HTMLElement,
  hash: string,
  save: typeof download,
): Promise<string> => {
  const address = new URL(location.href);
  address.search = 'backend=portable'; // the same bytes elsewhere
  address.hash = `${hash}&figure=${figure.id}`;
  switch (kind) {
    case 'link':
      await navigator.clipboard.writeText(address.href);
      return `Link copied. It holds ${heldBy(figure)}`;
    case 'embed': {
      address.searchParams.set('embed', figure.id);
      address.hash = hash;
      const [title, height] = [figure.querySelector('h2')?.textContent ?? '', Math.ceil(figure.scrollHeight) + 16];
      await navigator.clipboard.writeText(
        `<iframe src="${address.href.replaceAll('&', '&amp;')}" title="${title}" width="100%" height="${height}" loading="lazy" style="border: 0"></iframe>`,
      );
      return `Lines for your page copied. Their link holds ${heldBy(figure)} With &hide=controls in it the figure plays by itself.`;
    }
    case 'png': {
      const picture = pictureOf(figure, SCALE);
      const file = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve));
      save(`${figure.id}.png`, file!);
      return `Saved ${figure.id}.png.`;
    }
    default: {
      const film = await filmOf(figure);
      if (film === null) return 'There is no film yet.';
      save(`${figure.id}.gif`, film);
      return `Saved ${figure.id}.gif.`;
    }
  }
};
