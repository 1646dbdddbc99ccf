/** A file's text into a field of the form: nothing is sent until its reader sends the form. */
export class FileText extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector('input[type=file]')
    input.addEventListener('change', () => void this.take(input.files[0]))
  }

  async take(file) {
    if (file) document.getElementById(this.getAttribute('into')).value = await file.text()
  }
}
