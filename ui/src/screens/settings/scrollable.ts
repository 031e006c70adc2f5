/** A table that is wider than the screen is scrolled by keyboard, too. */
export const scrollable = { viewportProps: { tabIndex: 0 } };
