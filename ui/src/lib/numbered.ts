/** Items with their place, for lists whose items have no other name and never move. */
export const numbered = <T>(items: readonly T[]): { readonly item: T; readonly place: number }[] =>
  items.map((item, place) => ({ item, place }));
