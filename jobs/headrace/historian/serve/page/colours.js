// Colours of tags on a light and on a dark background; red and amber are reserved for bad and uncertain.

const LIGHT = [
  "#0b6bcb", "#2b8a3e", "#a0522d", "#0c8599", "#5f3dc4",
  "#5c7a00", "#495057", "#1c4e80", "#006d77", "#7a5c00",
];
const DARK = [
  "#5ab0ff", "#69db7c", "#e0a37e", "#3bc9db", "#b197fc",
  "#c0d94c", "#ced4da", "#91b8ff", "#7fd8c8", "#d9c27a",
];
const DASHES = ["solid", "dash", "dot"];

export const dark = matchMedia("(prefers-color-scheme: dark)");

export const colour = (number) => (dark.matches ? DARK : LIGHT)[number % LIGHT.length];
export const dash = (number) => DASHES[Math.floor(number / LIGHT.length) % DASHES.length];
export const shade = (number) => `${colour(number)}59`; // of a state: its word must be readable on it
export const named = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
