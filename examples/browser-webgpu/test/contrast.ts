/** The contrast of the texts of a page. */
import type { Page } from 'playwright-core';

export interface Contrast {
  readonly text: string;
  /** WCAG 2.2: (L₁ + 0.05) / (L₂ + 0.05) of the relative luminances, from 1 to 21. */
  readonly ratio: number;
}

/** The contrast of each visible text, except those of disabled controls. */
export const contrasts = (page: Page): Promise<readonly Contrast[]> =>
  page.evaluate(() => {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
      willReadFrequently: true,
    })!;
    /** Any colour of CSS as bytes, over another. */
    const over = (colour: string, [r, g, b]: readonly number[]): readonly number[] => {
      context.fillStyle = `rgb(${r} ${g} ${b})`;
      context.fillRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const behind = (element: Element | null): readonly number[] =>
      element === null
        ? [255, 255, 255]
        : over(getComputedStyle(element).backgroundColor, behind(element.parentElement));
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.map((byte) =>
        byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.body.querySelectorAll('*')].flatMap((element) => {
      const text = [...element.childNodes]
        .flatMap((node) => (node.nodeType === Node.TEXT_NODE ? [node.textContent?.trim() ?? ''] : []))
        .join('');
      const off =
        element.closest(':disabled, .button:has(:disabled), .unseen, #drop, script, noscript, option') !== null;
      if (text === '' || off || !element.checkVisibility()) return [];
      const ground = behind(element);
      const style = getComputedStyle(element);
      const colour = element instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [luminance(over(colour, ground)), luminance(ground)];
      return [{ text, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }];
    });
  });
