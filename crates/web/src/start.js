// Runs in the head of every page, before the first paint and before the app has loaded. Sets attributes
// for the styles, and shows a notice if the app does not start.
(() => {
  const root = document.documentElement;
  root.dataset.script = 'on';
  // Shows the links that need a session, and hides the sign-in page from signed-in users, who are about
  // to be redirected.
  try {
    if (localStorage.getItem('latchkey.tokens')) root.dataset.session = 'stored';
  } catch {}

  // Stores the sign-in link, to start the sign-in again if it takes too long (`last_login.rs`).
  addEventListener('click', ({ target }) => {
    const link = target instanceof Element && target.closest('a[href^="/auth/login?"]');
    try {
      if (link) sessionStorage.setItem('latchkey.login', link.getAttribute('href'));
    } catch {}
  }, true);

  // Loads a module for the app: WebAssembly cannot call `import` (`pages/admin/console.rs`).
  globalThis.latchkeyImport = (path) => import(path);

  const show = (id) => {
    const notice = document.getElementById(id);
    if (root.dataset.app || !notice) return;
    root.dataset.stuck = id;
    notice.hidden = false;
  };
  const onFailure = () => setTimeout(show, 300, 'app-missing');

  if (typeof WebAssembly !== 'object') {
    addEventListener('DOMContentLoaded', () => show('webassembly-missing'));
    return;
  }
  // A script or preload that failed to load, and uncaught errors.
  addEventListener('error', ({ target }) => {
    if (target === window || /^(SCRIPT|LINK)$/.test(target.tagName)) onFailure();
  }, true);
  addEventListener('unhandledrejection', onFailure);
  setTimeout(show, 5000, 'app-missing');
})();
