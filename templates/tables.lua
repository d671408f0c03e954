-- Column widths from {widths="20 30 50"}, and no head where its cells are empty: pipe tables can say neither.
function Table(t)
  if t.attributes.widths then
    local widths, sum = {}, 0
    for width in t.attributes.widths:gmatch("%d+") do
      widths[#widths + 1] = tonumber(width)
      sum = sum + tonumber(width)
    end
    for i, spec in ipairs(t.colspecs) do spec[2] = widths[i] / sum end
    t.attributes.widths = nil
  end
  local head = pandoc.List(t.head.rows[1] and t.head.rows[1].cells or {})
  if not head:find_if(function(cell) return #cell.contents > 0 end) then t.head.rows = {} end
  return t
end
