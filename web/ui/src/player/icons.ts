/** The page's few signs, drawn here: nothing is loaded. */
import { svg, type SVGTemplateResult } from "lit";

const PATHS = {
  play: svg`<path d="M4 2.5v11l9-5.5z" fill="currentColor"/>`,
  pause: svg`<path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z" fill="currentColor"/>`,
  back: svg`<path d="M8 3.2V.8L3.8 4 8 7.2V4.8a4.2 4.2 0 1 1-4.2 4.2H2.2A5.8 5.8 0 1 0 8 3.2" fill="currentColor"/>`,
  on: svg`<path d="M8 3.2V.8L12.2 4 8 7.2V4.8A4.2 4.2 0 1 0 12.2 9h1.6A5.8 5.8 0 1 1 8 3.2" fill="currentColor"/>`,
  microphone: svg`<path d="M8 1a2.4 2.4 0 0 1 2.4 2.4v4a2.4 2.4 0 0 1-4.8 0v-4A2.4 2.4 0 0 1 8 1M3.6 7a4.4 4.4 0 0 0 8.8 0M8 11.4V15M5.6 15h4.8" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round"/>`,
  volume: svg`<path d="M2 6h2.6L8 3v10L4.6 10H2z" fill="currentColor"/><path d="M10.2 5.6a3.2 3.2 0 0 1 0 4.8M12 3.8a5.8 5.8 0 0 1 0 8.4" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linecap="round"/>`,
  good: svg`<path d="M2.5 8.5 6.3 12 13.5 4" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`,
  bad: svg`<path d="M3.5 3.5l9 9M12.5 3.5l-9 9" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"/>`,
  note: svg`<path d="M8 1.8 15 14H1zM8 6v4M8 11.8v.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"/>`,
} as const;

export function icon(name: keyof typeof PATHS): SVGTemplateResult {
  return svg`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}
