module labplan/seat

go 1.24
