/** What is filled into words: values, and the word that goes with how many there are. */

const english = new Intl.PluralRules("en");

/**
 * `{n}` is the value of that name; `{n|session|sessions}` the first word for one, the other for none and for many.
 * Thai has one form for all: only English words choose.
 */
export function fill(words: string, values: Record<string, string | number>): string {
  return words.replace(
    /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g,
    (whole, name: string, one?: string, many?: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (one === undefined || many === undefined) return String(value);
      return english.select(Number(String(value).replaceAll(",", ""))) === "one" ? one : many;
    },
  );
}
