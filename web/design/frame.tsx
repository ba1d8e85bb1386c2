import type { ComponentChildren } from 'preact';

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
    <rect class="mark-ground" width="32" height="32" rx="8" />
    <path class="mark-high" d="M5 13.5c3.7 0 3.7-4 7.3-4s3.7 4 7.4 4 3.6-4 7.3-4" />
    <path class="mark-low" d="M5 22.5c3.7 0 3.7-4 7.3-4s3.7 4 7.4 4 3.6-4 7.3-4" />
  </svg>
);

export interface FrameProps {
  readonly here: 'directory' | 'watch' | 'studio' | 'ops' | 'other';
  /** Beside the navigation: who is signed in. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

const current = (is: boolean) => (is ? ({ 'aria-current': 'page' } as const) : {});

/** What every page has around it. */
export const Frame = ({ here, aside, children }: FrameProps) => (
  <>
    <a class="skip" href="#main">
      Skip to content
    </a>
    <header class="top">
      <a class="brand" href="/" aria-label="Tidecast, directory">
        <Mark />
        <span class="brand-name">Tidecast</span>
      </a>
      <nav aria-label="Main">
        <a href="/" {...current(here === 'directory')}>
          Watch
        </a>
        <a href="/studio" {...current(here === 'studio')}>
          Studio
        </a>
        {here === 'ops' && (
          <a href="/ops" {...current(true)}>
            Operations
          </a>
        )}
      </nav>
      {aside !== undefined && <div class="top-aside">{aside}</div>}
    </header>
    <main id="main" tabIndex={-1} class={`page page-${here}`}>
      {children}
    </main>
  </>
);

/** The whole page is one message: nothing here, can't be reached … */
export const Message = ({
  title,
  text,
  children,
}: {
  readonly title: string;
  readonly text: string;
  readonly children?: ComponentChildren;
}) => (
  <section class="message">
    <Mark />
    <h1>{title}</h1>
    <p>{text}</p>
    {children !== undefined && <div class="message-actions">{children}</div>}
  </section>
);
