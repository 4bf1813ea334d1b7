import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** System fonts only: nothing is fetched from elsewhere. Shades are chosen for WCAG AA contrast in both schemes. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '600' },
});

const readable = (light: string, dark: string) => ({ light, dark });
const TEXT = {
  '--mantine-color-dimmed': readable('#495057', '#b8bcc2'),
  '--mantine-color-placeholder': readable('#5c636a', '#a6abb1'),
  '--mantine-color-anchor': readable('#0b6374', '#66d9e8'),
  '--mantine-color-error': readable('#c92a2a', '#ffa8a8'),
};
const of = (scheme: 'light' | 'dark') =>
  Object.fromEntries(Object.entries(TEXT).map(([name, colors]) => [name, colors[scheme]]));

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: of('light'), dark: of('dark') });
