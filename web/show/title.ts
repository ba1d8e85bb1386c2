/** A show without a title is called by its channel. */
export const titleOf = (show: { readonly title: string; readonly channelName: string }): string =>
  show.title.trim() || `${show.channelName} live`;
