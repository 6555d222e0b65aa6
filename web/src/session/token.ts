/** Finds the token in whatever a person pastes: the whole link, the part after `#`, or the bare token. */
export function tokenFrom(pasted: string): string | null {
  const text = pasted.trim();
  const inLink = /(?:^|[#?&])token=([^&\s]+)/.exec(text);
  if (inLink?.[1]) return decodeURIComponent(inLink[1]);
  return text !== "" && !/[\s/#?]/.test(text) ? text : null;
}
