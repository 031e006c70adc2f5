/** What a user or a key may do. */

/** Each with the rights of those before it. */
export const roles = ['viewer', 'analyst', 'operator', 'administrator'] as const;
export type Role = (typeof roles)[number];
