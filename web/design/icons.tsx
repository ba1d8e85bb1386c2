/** Drawn here, 24×24, in the colour of the text. Names say what they mean. */
const paths = {
  play: 'M8 5.5v13l11-6.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  sound:
    'M4 9.5v5h3.2L12 18.5v-13L7.2 9.5zM14.5 8.3a4.6 4.6 0 0 1 0 7.4l1.1 1.6a6.5 6.5 0 0 0 0-10.6zM17 5.2a8.3 8.3 0 0 1 0 13.6l1.1 1.6a10.3 10.3 0 0 0 0-16.8z',
  muted:
    'M4 9.5v5h3.2L12 18.5v-13L7.2 9.5zM21 9.9l-1.4-1.4-2.1 2.1-2.1-2.1L14 9.9l2.1 2.1-2.1 2.1 1.4 1.4 2.1-2.1 2.1 2.1 1.4-1.4-2.1-2.1z',
  quality:
    'M12 8.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6zm8.4 5.2v-2.8l-2.3-.5-.7-1.7 1.3-2-2-2-2 1.3-1.7-.7-.5-2.3h-2.8l-.5 2.3-1.7.7-2-1.3-2 2 1.3 2-.7 1.7-2.3.5v2.8l2.3.5.7 1.7-1.3 2 2 2 2-1.3 1.7.7.5 2.3h2.8l.5-2.3 1.7-.7 2 1.3 2-2-1.3-2 .7-1.7z',
  full: 'M5 5h6v2H7v4H5zM13 5h6v6h-2V7h-4zM5 13h2v4h4v2H5zM17 13h2v6h-6v-2h4z',
  unfull: 'M9 5h2v6H5V9h4zM13 5h2v4h4v2h-6zM5 13h6v6H9v-4H5zM13 13h6v2h-4v4h-2z',
  share:
    'M17 15.2c-.9 0-1.7.4-2.3 1l-5.4-3.2a3.2 3.2 0 0 0 0-2l5.4-3.1a3.1 3.1 0 1 0-.9-1.7L8.3 9.3a3.1 3.1 0 1 0 0 5.4l5.5 3.2a3.1 3.1 0 1 0 3.2-2.7z',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm1 14.5h-2v-2h2zm2-6.8-.9 1c-.7.7-1.1 1.3-1.1 2.6h-2v-.5c0-1 .4-1.9 1.1-2.6l1.2-1.2a1.6 1.6 0 1 0-2.8-1.1H8.6a3.5 3.5 0 1 1 6.4 1.8z',
  copy: 'M8 3h11v13h-2V5H8zM5 7h10v14H5zm2 2v10h6V9z',
  check: 'm9.5 17.2-4.7-4.7 1.4-1.4 3.3 3.3 8.3-8.3 1.4 1.4z',
  warn: 'M12 3 1.8 20.5h20.4zm1 14.5h-2v-2h2zm0-3.8h-2V9.5h2z',
  plus: 'M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
    <path d={paths[name]} fill="currentColor" />
  </svg>
);
