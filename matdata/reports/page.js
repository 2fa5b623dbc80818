"use strict";
const value=(row,k)=>{const text=row.cells[k].textContent.trim();
const plain=text.replace(/[,\s%]/g,"").replace(/\u2212/g,"-");
return plain!==""&&!isNaN(plain)?Number(plain):text;};
const compare=(a,b)=>typeof a===typeof b?(typeof a==="number"?a-b:a.localeCompare(b)):typeof a==="number"?-1:1;
for(const table of document.querySelectorAll("table.sortable")){
const body=table.tBodies[0];
[...table.tHead.rows[0].cells].forEach((head,k)=>{
const button=document.createElement("button");button.type="button";
button.append(...head.childNodes);head.append(button);
button.addEventListener("click",()=>{
const down=head.getAttribute("aria-sort")==="ascending";
for(const other of table.tHead.rows[0].cells)other.removeAttribute("aria-sort");
head.setAttribute("aria-sort",down?"descending":"ascending");
const rows=[...body.rows].sort((a,b)=>compare(value(a,k),value(b,k)));
if(down)rows.reverse();body.append(...rows);});});
if(table.classList.contains("filtered")){
const field=document.createElement("input");field.type="search";
field.placeholder="filter these rows";field.setAttribute("aria-label","filter the rows of this table");
field.addEventListener("input",()=>{const wanted=field.value.toLowerCase();
for(const row of body.rows)row.hidden=!row.textContent.toLowerCase().includes(wanted);});
table.parentElement.prepend(field);}}
addEventListener("beforeprint",()=>{for(const one of document.querySelectorAll("details"))one.open=true;});
