// Sends the page's form at once; without JavaScript its button does.
document.querySelector('form[data-submit]')?.submit()
