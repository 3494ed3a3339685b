/* A page that is opened from disk may read no other: the search then shows what it found without the beginning of each page,
   instead of an error for each in the browser's console. */
(() => {
  "use strict";
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
})();
