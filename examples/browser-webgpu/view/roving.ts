/** A group of buttons as one stop of the Tab key; the arrow keys move inside it. */

const MOVES: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export const roving = (group: HTMLElement): void => {
  const buttons = (): readonly HTMLButtonElement[] => [...group.querySelectorAll('button')];
  const stop = (at: number): void => buttons().forEach((one, i) => (one.tabIndex = i === at ? 0 : -1));
  stop(0);
  group.addEventListener('focusin', ({ target }) => stop(buttons().findIndex((one) => one === target)));
  group.addEventListener('keydown', (event) => {
    const [all, move] = [buttons(), MOVES[event.key]];
    if (move === undefined) return;
    event.preventDefault();
    const at = all.findIndex((one) => one === document.activeElement);
    all[(at + move + all.length) % all.length]?.focus();
  });
};
