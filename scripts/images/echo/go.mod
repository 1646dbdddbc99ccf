module labplan/echo

go 1.24
