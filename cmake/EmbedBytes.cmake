# bytes_of(<path> <variable>): the elements of a char array that holds the file, in lines.
function(bytes_of path variable)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," characters "${hex}")
  string(REGEX REPLACE "(.......................................................................,)"
         "\\1\n" characters "${characters}")
  set(${variable} "${characters}" PARENT_SCOPE)
endfunction()
