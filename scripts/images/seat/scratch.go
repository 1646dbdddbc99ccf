package main

import (
	"os"
	"path/filepath"
)

// Says in the home itself that it is one for a while. Not brought along when its files are.
const scratchNote = "READ-ME-scratch-home.txt"

const scratchText = `This is a scratch home: your own files cannot be reached at the moment, and are safe.
What you save here is brought to your real home after you have stopped, into a new folder.

Ceci est un dossier provisoire : vos fichiers sont inaccessibles en ce moment, et à l’abri.
Ce que vous enregistrez ici sera apporté dans votre vrai dossier après l’arrêt, dans un nouveau dossier.
`

// In a new home of a node's own, and nowhere else, while it is still root's.
func noteScratch(home string, isScratch bool) error {
	if !isScratch {
		return nil
	}
	return os.WriteFile(filepath.Join(home, scratchNote), []byte(scratchText), 0o644)
}
