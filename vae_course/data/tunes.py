"""Tunes out of copyright, as notes that a person can read: written down for this course in a small part of abc notation.

C D E F G A B is the octave from middle C, c d e … the one above, C, D, E, … the one below. A number is a length in eighth notes
(C2: a quarter). z is a rest, | a bar line, a minus sign after a note ties it to the next. ^ raises a note by a semitone, _ lowers it,
= takes either back, to the end of the bar; the key's own sharps need no sign. A tune may begin in mid-bar; its last bar is then short.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tune:
    """A melody: its title, where it comes from, its metre ("3/4"), its key ("C", "Am", "Edor") and its notes."""

    title: str
    origin: str
    metre: str
    key: str
    notes: str


TUNES = (
    Tune(
        "Twinkle, Twinkle, Little Star",
        "French song, 1761 (Ah ! vous dirai-je, maman)",
        "4/4",
        "C",
        "C2 C2 G2 G2 | A2 A2 G4 | F2 F2 E2 E2 | D2 D2 C4 | G2 G2 F2 F2 | E2 E2 D4 | G2 G2 F2 F2 | E2 E2 D4 |"
        "C2 C2 G2 G2 | A2 A2 G4 | F2 F2 E2 E2 | D2 D2 C4",
    ),
    Tune(
        "Frère Jacques",
        "French round, 18th century",
        "4/4",
        "C",
        "C2 D2 E2 C2 | C2 D2 E2 C2 | E2 F2 G4 | E2 F2 G4 | G A G F E2 C2 | G A G F E2 C2 | C2 G,2 C4 | C2 G,2 C4",
    ),
    Tune(
        "Ode to Joy",
        "Beethoven, Symphony No. 9, 1824",
        "4/4",
        "C",
        "E2 E2 F2 G2 | G2 F2 E2 D2 | C2 C2 D2 E2 | E3 D D4 | E2 E2 F2 G2 | G2 F2 E2 D2 | C2 C2 D2 E2 | D3 C C4 |"
        "D2 D2 E2 C2 | D2 E F E2 C2 | D2 E F E2 D2 | C2 D2 G,4 | E2 E2 F2 G2 | G2 F2 E2 D2 | C2 C2 D2 E2 | D3 C C4",
    ),
    Tune(
        "Mary Had a Little Lamb",
        "Lowell Mason, 1830s",
        "4/4",
        "C",
        "E2 D2 C2 D2 | E2 E2 E4 | D2 D2 D4 | E2 G2 G4 | E2 D2 C2 D2 | E2 E2 E2 E2 | D2 D2 E2 D2 | C8",
    ),
    Tune(
        "London Bridge Is Falling Down",
        "English nursery rhyme, 18th century",
        "4/4",
        "C",
        "G3 A G2 F2 | E2 F2 G4 | D2 E2 F4 | E2 F2 G4 | G3 A G2 F2 | E2 F2 G4 | D4 G4 | E2 C6",
    ),
    Tune(
        "Row, Row, Row Your Boat",
        "American round, tune printed 1881",
        "6/8",
        "C",
        "C3 C3 | C2 D E3 | E2 D E2 F | G6 | c c c G G G | E E E C C C | G2 F E2 D | C6",
    ),
    Tune(
        "Silent Night",
        "Franz Xaver Gruber, 1818",
        "3/4",
        "C",
        "G3 A G2 | E6 | G3 A G2 | E6 | d4 d2 | B6 | c4 c2 | G6 | A4 A2 | c3 B A2 | G3 A G2 | E6 |"
        "A4 A2 | c3 B A2 | G3 A G2 | E6 | d4 d2 | f3 d B2 | c6 | e6 | c3 G E2 | G3 F D2 | C6 | z6",
    ),
    Tune(
        "Jingle Bells",
        "James Pierpont, 1857 (chorus)",
        "4/4",
        "C",
        "E2 E2 E4 | E2 E2 E4 | E2 G2 C3 D | E8 | F2 F2 F3 F | F2 E2 E2 E E | E2 D2 D2 E2 | D4 G4 |"
        "E2 E2 E4 | E2 E2 E4 | E2 G2 C3 D | E8 | F2 F2 F3 F | F2 E2 E2 E E | G2 G2 F2 D2 | C8",
    ),
    Tune(
        "Joy to the World",
        "Lowell Mason after Handel, 1839",
        "4/4",
        "C",
        "c4 B3 A | G6 F2 | E4 D4 | C6 G2 | A6 A2 | B6 B2 | c6 c2 | c2 B2 A2 G2 | G3 F E2 c2 | c2 B2 A2 G2 | G3 F E2 E2 |"
        "E2 E2 E2 E F | G6 F E | D2 D2 D2 D E | F6 E D | C2 c4 A2 | G3 F E2 F2 | E4 D4 | C8",
    ),
    Tune(
        "The First Noel",
        "Cornish carol, printed 1833",
        "3/4",
        "C",
        "E D | C3 D E F | G4 A B | c2 B2 A2 | G4 A B | c2 B2 A2 | G2 A2 B2 | c2 G2 F2 | E4 E D |"
        "C3 D E F | G4 A B | c2 B2 A2 | G4 A B | c2 B2 A2 | G2 A2 B2 | c2 G2 F2 | E4 E D |"
        "C3 D E F | G4 c B | A4 A2 | G6 | c2 B2 A2 | G2 A2 B2 | c2 G2 F2 | E4",
    ),
    Tune(
        "Hark! The Herald Angels Sing",
        "Mendelssohn, 1840",
        "4/4",
        "C",
        "G,2 C2 C3 B, | C2 E2 E2 D2 | G2 G2 G3 F | E2 D2 E4 | G,2 C2 C3 B, | C2 E2 E2 D2 | G2 D2 D3 C | B,2 A,2 G,4 |"
        "G2 G2 G2 C2 | F2 E2 E2 D2 | G2 G2 G2 C2 | F2 E2 E2 D2 | A3 A A2 G2 | F2 E2 F4 | D2 E F G3 C | C2 D2 E4 |"
        "A3 A A2 G2 | F2 E2 F4 | D2 E F G3 C | C2 D2 C4",
    ),
    Tune(
        "Deck the Halls",
        "Welsh tune (Nos Galan), 18th century",
        "4/4",
        "C",
        "G3 F E2 D2 | C2 D2 E2 C2 | D E F D E3 D | C2 B,2 C4 | G3 F E2 D2 | C2 D2 E2 C2 | D E F D E3 D | C2 B,2 C4 |"
        "D3 E F2 D2 | E3 F G2 D2 | E ^F G2 A B c2 | B2 A2 G4 | G3 F E2 D2 | C2 D2 E2 C2 | A A A A G3 F | E2 D2 C4",
    ),
    Tune(
        "Good King Wenceslas",
        "spring carol Tempus adest floridum, printed 1582",
        "4/4",
        "C",
        "C2 C2 C2 D2 | C2 C2 G,4 | A,2 G,2 A,2 B,2 | C4 C4 | C2 C2 C2 D2 | C2 C2 G,4 | A,2 G,2 A,2 B,2 | C4 C4 |"
        "G2 F2 E2 D2 | E2 D2 C4 | A,2 G,2 A,2 B,2 | C4 C4 | G,2 G,2 A,2 B,2 | C2 C2 D4 | G2 F2 E2 D2 | C4 F4 | C8",
    ),
    Tune(
        "We Three Kings",
        "John Henry Hopkins, 1857 (verse)",
        "6/8",
        "Am",
        "e2 d c2 A | B c B A3 | e2 d c2 A | B c B A3 | c2 c d2 d | e2 e g f e | d e d c2 B | A6",
    ),
    Tune(
        "Greensleeves",
        "English ballad, 16th century",
        "3/4",
        "Am",
        "A2 | c4 d2 | e3 f e2 | d4 B2 | G3 A B2 | c4 A2 | A3 ^G A2 | B4 ^G2 | E4 A2 |"
        "c4 d2 | e3 f e2 | d4 B2 | G3 A B2 | c3 B A2 | ^G3 ^F G2 | A6 | A6 |"
        "g6 | g3 ^f e2 | d4 B2 | G3 A B2 | c4 A2 | A3 ^G A2 | B4 ^G2 | E6 |"
        "g6 | g3 ^f e2 | d4 B2 | G3 A B2 | c3 B A2 | ^G3 ^F G2 | A6 | A4",
    ),
    Tune(
        "Auld Lang Syne",
        "Scots song, tune printed 1799",
        "4/4",
        "C",
        "G,2 | C3 C C2 E2 | D3 C D2 E2 | C3 C E2 G2 | A6 A2 | G3 E E2 C2 | D3 C D2 E2 | C3 A, A,2 G,2 | C6 A2 |"
        "G3 E E2 C2 | D3 C D2 A2 | G3 E E2 G2 | A6 A2 | G3 E E2 C2 | D3 C D2 E2 | C3 A, A,2 G,2 | C6",
    ),
    Tune(
        "Amazing Grace",
        "American hymn tune New Britain, 1829",
        "3/4",
        "C",
        "G,2 | C4 E C | E4 D2 | C4 A,2 | G,4 G,2 | C4 E C | E4 D2 | G6- | G4 E2 |"
        "G4 E C | E4 D2 | C4 A,2 | G,4 G,2 | C4 E C | E4 D2 | C6- | C4",
    ),
    Tune(
        "Oh! Susanna",
        "Stephen Foster, 1848",
        "4/4",
        "C",
        "C D | E2 G2 G3 A | G2 E2 C3 D | E2 E2 D2 C2 | D6 C D | E2 G2 G3 A | G2 E2 C3 D | E2 E2 D2 D2 | C8 |"
        "F4 F4 | A2 A4 A2 | G2 G2 E2 C2 | D6 C D | E2 G2 G3 A | G2 E2 C3 D | E2 E2 D2 D2 | C6",
    ),
    Tune(
        "Camptown Races",
        "Stephen Foster, 1850",
        "4/4",
        "C",
        "G2 G2 E2 G2 | A2 G2 E4 | E2 D6 | E2 D6 | G2 G2 E2 G2 | A2 G2 E4 | D4 E2 D2 | C8 |"
        "C3 C E2 G2 | c8 | A3 A c2 A2 | G8 | G G G G E E G2 | A2 G2 E4 | D2 E F E2 D D | C8",
    ),
    Tune(
        "Old Folks at Home",
        "Stephen Foster, 1851",
        "4/4",
        "C",
        "E4 D C E D | C2 c2 A c3 | G4 E2 C2 | D8 | E4 D C E D | C2 c2 A c3 | G2 E C D2 D2 | C8 |"
        "B3 c d2 G2 | G3 A G2 c2 | c2 A2 F2 A2 | G8 | E4 D C E D | C2 c2 A c3 | G2 E C D2 D2 | C8",
    ),
    Tune(
        "Oh My Darling, Clementine",
        "American song, 1884",
        "3/4",
        "C",
        "C C | C2 G,2 E E | E2 C2 C E | G2 G2 F E | D4 D E | F2 F2 E D | E2 C2 C E | D2 G,2 B, D | C4",
    ),
    Tune(
        "My Bonnie Lies over the Ocean",
        "Scots song, printed 1882 (verse)",
        "3/4",
        "C",
        "G2 | e3 d c2 | d2 c2 A2 | G2 E4- | E4 G2 | e3 d c2 | c2 B2 c2 | d6- | d4 G2 |"
        "e3 d c2 | d2 c2 A2 | G2 E4- | E4 G2 | A2 d2 c2 | B2 A2 B2 | c6- | c4",
    ),
    Tune(
        "Yankee Doodle",
        "Anglo-American song, 18th century",
        "4/4",
        "C",
        "c2 c2 d2 e2 | c2 e2 d2 G2 | c2 c2 d2 e2 | c4 B4 | c2 c2 d2 e2 | f2 e2 d2 c2 | B2 G2 A2 B2 | c4 c4 |"
        "A3 B A2 G2 | A2 B2 c4 | G3 A G2 F2 | E4 G4 | A3 B A2 G2 | A2 B2 c2 A2 | G2 c2 B2 d2 | c4 c4",
    ),
    Tune(
        "Pop! Goes the Weasel",
        "English dance, 1850s",
        "6/8",
        "C",
        "G, | C2 C D2 D | E G E C2 G, | C2 C D2 D | E3 C2 G, | C2 C D2 D | E G E C3 | A3 D2 F | E3 C2",
    ),
    Tune(
        "Three Blind Mice",
        "English round, 1609, this form 19th century",
        "6/8",
        "C",
        "E3 D3 | C6 | E3 D3 | C6 | G3 F2 F | E6 | G3 F2 F | E5 G | c2 c B A B | c2 G G2 G | c c c B A B | c G G G2 G |"
        "c c c B A B | c G G G2 F | E3 D3 | C6",
    ),
    Tune(
        "Hänschen klein (Lightly Row)",
        "German folk song, 18th or 19th century",
        "4/4",
        "C",
        "G2 E2 E4 | F2 D2 D4 | C2 D2 E2 F2 | G2 G2 G4 | G2 E2 E4 | F2 D2 D4 | C2 E2 G2 G2 | C8 |"
        "D2 D2 D2 D2 | D2 E2 F4 | E2 E2 E2 E2 | E2 F2 G4 | G2 E2 E4 | F2 D2 D4 | C2 E2 G2 G2 | C8",
    ),
    Tune(
        "Alle meine Entchen",
        "German children's song, 19th century",
        "4/4",
        "C",
        "C2 D2 E2 F2 | G4 G4 | A2 A2 A2 A2 | G8 | A2 A2 A2 A2 | G8 | F2 F2 F2 F2 | E4 E4 | D2 D2 D2 D2 | C8",
    ),
    Tune(
        "Fuchs, du hast die Gans gestohlen",
        "Ernst Anschütz, 1824",
        "4/4",
        "C",
        "C2 D2 E2 F2 | G2 G2 G2 G2 | A2 F2 c2 A2 | G8 | A2 F2 c2 A2 | G8 | G2 F2 F2 F2 | F2 E2 E2 E2 | E2 D2 E2 D2 |"
        "C2 E2 G4 | G2 F2 F2 F2 | F2 E2 E2 E2 | E2 D2 E2 D2 | C8",
    ),
    Tune(
        "Kuckuck, Kuckuck",
        "Austrian folk tune, printed 1817",
        "3/4",
        "C",
        "G2 E2 z2 | G2 E2 z2 | D2 C2 D2 | C4 z2 | D2 D2 E2 | F4 D2 | E2 E2 F2 | G4 E2 | G2 E2 z2 | G2 E2 z2 | F2 E2 D2 | C4 z2",
    ),
    Tune(
        "Sur le pont d'Avignon",
        "French song, 19th century form",
        "4/4",
        "C",
        "C2 C2 C4 | D2 D2 D4 | E2 F2 G2 C2 | B,2 C2 D2 G,2 | C2 C2 C4 | D2 D2 D4 | E2 F2 G2 C2 | D2 B,2 C4",
    ),
    Tune(
        "Au clair de la lune",
        "French song, 18th century",
        "4/4",
        "C",
        "C2 C2 C2 D2 | E4 D4 | C2 E2 D2 D2 | C8 | C2 C2 C2 D2 | E4 D4 | C2 E2 D2 D2 | C8 |"
        "D2 D2 D2 D2 | A,4 A,4 | D2 C2 B,2 A,2 | G,8 | C2 C2 C2 D2 | E4 D4 | C2 E2 D2 D2 | C8",
    ),
    Tune(
        "Alouette",
        "French-Canadian song, printed 1879 (refrain)",
        "4/4",
        "C",
        "C3 D E2 E2 | D C D E C2 G,2 | C3 D E2 E2 | D C D E C4",
    ),
    Tune(
        "Sakura",
        "Japanese song, printed 1888",
        "4/4",
        "Am",
        "A2 A2 B4 | A2 A2 B4 | A2 B2 c2 B2 | A2 B A F4 | E2 C2 E2 F2 | E2 E C B,4 | A2 B2 c2 B2 | A2 B A F4 |"
        "E2 C2 E2 F2 | E2 E C B,4 | A2 A2 B4 | A2 A2 B4 | E2 F2 B A F2 | E8",
    ),
    Tune(
        "Korobeiniki",
        "Russian folk song, 1861",
        "4/4",
        "Am",
        "e2 B c d2 c B | A2 A c e2 d c | B3 c d2 e2 | c2 A2 A4 | z d2 f a2 g f | e3 c e2 d c | B2 B c d2 e2 | c2 A2 A2 z2",
    ),
    Tune(
        "Lullaby",
        "Brahms, op. 49 no. 4, 1868",
        "3/4",
        "C",
        "E E | G4 E E | G4 E G | c2 B3 A | A2 G2 D E | F4 D E | F4 D F | B A G2 B2 | c4 C C |"
        "c4 A F | G4 E C | F2 G2 A2 | G4 C C | c4 A F | G4 E C | F2 E2 D2 | C4",
    ),
    Tune(
        "Minuet in G",
        "Christian Petzold, Notebook for Anna Magdalena Bach, 1725",
        "3/4",
        "G",
        "d2 G A B c | d2 G2 G2 | e2 c d e f | g2 G2 G2 | c2 d c B A | B2 c B A G | F2 G A B G | A6 |"
        "d2 G A B c | d2 G2 G2 | e2 c d e f | g2 G2 G2 | c2 d c B A | B2 c B A G | A2 B A G F | G6",
    ),
    Tune(
        "Emperor's Hymn",
        "Joseph Haydn, 1797 (opening)",
        "4/4",
        "C",
        "C3 D E2 D2 | F2 E2 D B, C2 | A2 G2 F2 E2 | D2 E C G4 | C3 D E2 D2 | F2 E2 D B, C2 | A2 G2 F2 E2 | D2 E C G4",
    ),
    Tune(
        "Für Elise",
        "Beethoven, 1810 (opening)",
        "3/4",
        "Am",
        "e ^d | e ^d e B =d c | A2 z C E A | B2 z E ^G B | c2 z E e ^d | e ^d e B =d c | A2 z C E A | B2 z E c B | A4",
    ),
    Tune(
        "In the Hall of the Mountain King",
        "Grieg, Peer Gynt, 1875",
        "4/4",
        "Am",
        "A, B, C D E C E2 | ^D B, D2 =D _B, D2 | A, B, C D E C E A | G E C E G4 |"
        "A, B, C D E C E2 | ^D B, D2 =D _B, D2 | A, B, C D E C E A | G E C E G4 |"
        "E ^F ^G A B G B2 | c ^G c2 B G B2 | E ^F ^G A B G B2 | c ^G c2 B4",
    ),
    Tune(
        "Can-can",
        "Offenbach, Orpheus in the Underworld, 1858",
        "2/4",
        "C",
        "C4 | D F E D | G2 G2 | G A E F | D2 D2 | D F E D | C c B A | G F E D |"
        "C4 | D F E D | G2 G2 | G A E F | D2 D2 | D F E D | C G D E | C2 z2",
    ),
    Tune(
        "Largo",
        "Dvořák, Symphony From the New World, 1893",
        "4/4",
        "C",
        "E3 G G4 | E3 D C4 | D3 E G3 E | D8 | E3 G G4 | E3 D C4 | D2 E2 D3 C | C8",
    ),
    Tune(
        "Swan Theme",
        "Tchaikovsky, Swan Lake, 1876 (opening)",
        "4/4",
        "Am",
        "e4 A B c d | e3 c e3 c | e3 A c A F c | A6 z2",
    ),
    Tune(
        "Canon",
        "Johann Pachelbel, about 1690",
        "4/4",
        "C",
        "e4 d4 | c4 B4 | A4 G4 | A4 B4 | C2 E2 G2 F2 | E2 C2 E2 D2 | C2 A,2 C2 G2 | F2 A2 G2 F2",
    ),
    Tune(
        "God Save the King",
        "English anthem, 1745",
        "3/4",
        "C",
        "C2 C2 D2 | B,3 C D2 | E2 E2 F2 | E3 D C2 | D2 C2 B,2 | C6 | G2 G2 G2 | G3 F E2 | F2 F2 F2 | F3 E D2 |"
        "E2 F E D C | E3 F G2 | A F E2 D2 | C6",
    ),
    Tune(
        "Drunken Sailor",
        "sea shanty, 19th century",
        "4/4",
        "Ddor",
        "A2 A A A2 A A | A2 D2 F2 A2 | G2 G G G2 G G | G2 C2 E2 G2 | A2 A A A2 A A | A2 B2 c2 d2 | c2 A2 G2 E2 | D4 D4 |"
        "A3 A A4 | A2 D2 F2 A2 | G3 G G4 | G2 C2 E2 G2 | A3 A A4 | A2 B2 c2 d2 | c2 A2 G2 E2 | D4 D4",
    ),
    Tune(
        "Old Hundredth",
        "Genevan Psalter, 1551",
        "4/4",
        "C",
        "C2 | C2 B,2 A,2 G,2 | C2 D2 E2 E2 | E2 E2 D2 C2 | F2 E2 D2 C2 | D2 E2 D2 C2 | A,2 B,2 C2 G2 | E2 C2 D2 F2 | E2 D2 C2",
    ),
    Tune(
        "Ihr Kinderlein, kommet",
        "Johann Abraham Peter Schulz, 1794",
        "2/4",
        "C",
        "G | G2 E G | G2 E G | F2 D F | E3 G | G2 E G | G2 E G | F2 D F | E3 E |"
        "D2 D D | F2 F F | E2 E E | A3 A | G2 G G | c2 G E | G2 F D | C3",
    ),
    Tune(
        "Angels We Have Heard on High",
        "French carol, printed 1842",
        "4/4",
        "C",
        "E2 E2 E2 G2 | G3 F E4 | E2 D2 E2 G2 | E3 D C4 | E2 E2 E2 G2 | G3 F E4 | E2 D2 E2 G2 | E3 D C4 |"
        "G4 A G F E | F4 G F E D | E4 F E D C | D2 G,2 G,4 | C2 D2 E2 F2 | E4 D4 |"
        "G4 A G F E | F4 G F E D | E4 F E D C | D2 G,2 G,4 | C2 D2 E2 F2 | E4 D4 | C8",
    ),
    Tune(
        "Away in a Manger",
        "James Ramsey Murray, 1887",
        "3/4",
        "C",
        "G2 | G3 F E2 | E2 D2 C2 | C2 B,2 A,2 | G,4 G,2 | G,3 A, G,2 | G,2 D2 B,2 | A,2 G,2 C2 | E4 G2 |"
        "G3 F E2 | E2 D2 C2 | C2 B,2 A,2 | G,4 G,2 | F3 E D2 | E2 D2 C2 | D2 A,2 B,2 | C4",
    ),
    Tune(
        "God Rest Ye Merry, Gentlemen",
        "English carol, 18th century",
        "4/4",
        "Am",
        "A2 | A2 e2 e2 d2 | c2 B2 A2 G2 | A2 B2 c2 d2 | e6 A2 | A2 e2 e2 d2 | c2 B2 A2 G2 | A2 B2 c2 d2 | e6 e2 |"
        "f2 d2 e2 f2 | g2 a2 e2 d2 | c2 A2 B2 c2 | d4 c2 d2 | e4 f2 e2 | e2 d2 c2 B2 | A4 c B A2 |"
        "d4 c2 d2 | e2 f2 g2 a2 | e2 d2 c2 B2 | A6",
    ),
    Tune(
        "We Wish You a Merry Christmas",
        "English carol, traditional",
        "3/4",
        "C",
        "G,2 | C2 C D C B, | A,2 A,2 A,2 | D2 D E D C | B,2 G,2 G,2 | E2 E F E D | C2 A,2 G, G, | A,2 D2 B,2 | C4 G,2 |"
        "C2 C2 C2 | B,4 B,2 | C2 B,2 A,2 | G,4 D2 | E2 D2 C2 | G2 G,2 G, G, | A,2 D2 B,2 | C4",
    ),
    Tune(
        "Skip to My Lou",
        "American play-party song, 19th century",
        "4/4",
        "C",
        "E2 E2 C2 C2 | E E E2 G4 | D2 D2 B,2 B,2 | D D D2 F4 | E2 E2 C2 C2 | E E E2 G4 | D2 E F E2 D2 | C4 C4",
    ),
    Tune(
        "This Old Man",
        "English counting song, 19th century",
        "4/4",
        "C",
        "G2 E2 G4 | G2 E2 G4 | A2 G2 F2 E2 | D2 E2 F2 E F | G2 C2 C C C2 | C D E F G4 | G2 D2 D2 F2 | E2 D2 C4",
    ),
    Tune(
        "Long, Long Ago",
        "Thomas Haynes Bayly, 1833",
        "4/4",
        "C",
        "C2 C D E2 E F | G2 A G E4 | G2 F E D4 | F2 E D C4 | C2 C D E2 E F | G2 A G E4 | G2 F E D2 E D | C8 |"
        "G2 F E D2 G, G, | F2 E D C4 | G2 F E D2 G, G, | F2 E D C4 | C2 C D E2 E F | G2 A G E4 | G2 F E D2 E D | C8",
    ),
    Tune(
        "Go Tell Aunt Rhody",
        "after Jean-Jacques Rousseau, 1752",
        "4/4",
        "C",
        "E2 E D C2 C2 | D2 D F E D C2 | G2 G F E2 E2 | D C D E C4",
    ),
    Tune(
        "Michael, Row the Boat Ashore",
        "African-American spiritual, printed 1867",
        "4/4",
        "C",
        "C2 E2 | G3 E G2 A2 | G4 E2 G2 | A8 | G4 E2 G2 | G3 E F2 E2 | D4 C2 D2 | E4 D4 | C4",
    ),
    Tune(
        "Swallowtail Jig",
        "Irish jig, 19th century",
        "6/8",
        "Edor",
        "G E E B E E | G E E B A G | F D D A D D | d c d A G F | G E E B E E | G E E B2 c | d c d A G F | G E E E2 B |"
        "B c d e2 f | e2 f e d B | B c d e2 f | e d B d2 B | B c d e2 f | e2 f e d B | d c d A G F | G E E E3",
    ),
    Tune(
        "The Irish Washerwoman",
        "Irish jig, 18th century",
        "6/8",
        "G",
        "B G G D G G | B G B d c B | c A A E A A | c A c e d c | B G G D G G | B G B d c B | c B c A d c | B G G G3 |"
        "g d g g d g | g d g b a g | f d f f d f | f d f a g f | e g g d g g | c g g B g g | c B c A d c | B G G G3",
    ),
    Tune(
        "Drowsy Maggie",
        "Irish reel, 19th century",
        "4/4",
        "Edor",
        "E2 B E d E B E | E2 B E A F D F | E2 B E d E B E | B A B c d A F D | E2 B E d E B E | E2 B E A F D F |"
        "E2 B E d E B E | B A B c d A F A | d2 f d c2 e c | d e f g a f g e | d2 f d c2 e c | B A B c d A F D",
    ),
    Tune(
        "O du lieber Augustin",
        "Viennese song, 18th century",
        "3/4",
        "C",
        "G3 A G F | E2 C2 C2 | D2 G,2 G,2 | E2 C2 C2 | G3 A G F | E2 C2 C2 | D2 G,2 G,2 | C6 |"
        "D2 G,2 G,2 | E2 C2 C2 | D2 G,2 G,2 | E2 C2 C2 | G3 A G F | E2 C2 C2 | D2 G,2 G,2 | C6",
    ),
    Tune(
        "Summ, summ, summ",
        "Bohemian folk tune, words 1835",
        "4/4",
        "C",
        "G2 F2 E4 | D E F D C4 | E F G E D E F D | E F G E D E F D | G2 F2 E4 | D E F D C4",
    ),
    Tune(
        "Hot Cross Buns",
        "English street cry, 18th century",
        "4/4",
        "C",
        "E4 D4 | C8 | E4 D4 | C8 | C2 C2 C2 C2 | D2 D2 D2 D2 | E4 D4 | C8",
    ),
    Tune(
        "Aura Lee",
        "George Poulton, 1861",
        "4/4",
        "C",
        "G,2 C2 B,2 C2 | D2 A,2 D4 | C2 B,2 A,2 B,2 | C8 | G,2 C2 B,2 C2 | D2 A,2 D4 | C2 B,2 A,2 B,2 | C8 |"
        "E2 E2 E4 | E2 E2 E4 | E2 D2 C2 D2 | E8",
    ),
    Tune(
        "Eine kleine Nachtmusik",
        "Mozart, K. 525, 1787 (opening)",
        "4/4",
        "C",
        "C2 z G, C2 z G, | C G, C E G2 z2 | F2 z D F2 z D | F D B, D G,2 z2",
    ),
    Tune(
        "Symphony No. 40",
        "Mozart, K. 550, 1788 (opening)",
        "4/4",
        "Am",
        "F E | E2 F E E2 F E | E2 c2 z2 c B | A2 A G F2 F E | D2 D2 z2 E D | D2 E D D2 E D | D2 B2 z2 B A | ^G2 G F E2 E D | C2 C2 z2",
    ),
    Tune(
        "Symphony No. 5",
        "Beethoven, 1808 (opening)",
        "2/4",
        "Am",
        "z E E E | C4 | z D D D | B,4- | B,4 | z E E E | C F F F | E c c c | A4",
    ),
    Tune(
        "Surprise Symphony",
        "Joseph Haydn, No. 94, 1791 (Andante)",
        "2/4",
        "C",
        "C C E E | G G E2 | F F D D | B, B, G,2 | C C E E | G G E2 | c c ^F F | G2 z2",
    ),
    Tune(
        "Spring",
        "Vivaldi, The Four Seasons, 1725 (opening)",
        "4/4",
        "C",
        "C2 | E2 E2 E2 D C | G6 G F | E2 E2 E2 D C | G6 G F | E2 F G F2 E2 | D6",
    ),
    Tune(
        "Toreador Song",
        "Bizet, Carmen, 1875",
        "4/4",
        "C",
        "G4 A3 G | E4 E4 | E3 D E3 F | E8 | F4 D3 G | E8 | C4 A,3 D | G,8",
    ),
    Tune(
        "La donna è mobile",
        "Verdi, Rigoletto, 1851 (opening)",
        "3/4",
        "C",
        "E2 E2 E2 | G3 F D2 | D2 D2 D2 | F3 E C2",
    ),
    Tune(
        "The Blue Danube",
        "Johann Strauss II, 1867",
        "3/4",
        "C",
        "C2 | C2 E2 G2 | G4 g2 | g2 z2 e2 | e2 z2 C2 | C2 E2 G2 | G4 g2 | g2 z2 f2 | f2 z2 B,2 |"
        "B,2 D2 A2 | A4 a2 | a2 z2 f2 | f2 z2 B,2 | B,2 D2 A2 | A4 a2 | a2 z2 e2 | e2 z2",
    ),
    Tune(
        "Ding Dong Merrily on High",
        "Thoinot Arbeau, Branle de l'Official, 1589",
        "4/4",
        "C",
        "c2 c2 d c B A | G6 G2 | A2 c2 c2 B2 | c4 c4 | c2 c2 d c B A | G6 G2 | A2 c2 c2 B2 | c4 c4 |"
        "g3 f e f g e | f3 e d e f d | e3 d c d e c | d3 c B c d B | c3 B A B c A | B3 A G2 G2 | A2 c2 c2 B2 | c4 c4",
    ),
    Tune(
        "The Bluebells of Scotland",
        "Scots song, 1801",
        "4/4",
        "C",
        "G2 | c4 B2 A2 | G4 A2 B c | E2 E2 F2 D2 | C6 G2 | c4 B2 A2 | G4 A2 B c | E2 E2 F2 D2 | C6 G2 |"
        "E2 C2 E2 G2 | c4 A2 B c | B2 G2 A2 ^F2 | G4 A2 B2 | c4 B2 A2 | G4 A2 B c | E2 E2 F2 D2 | C6",
    ),
    Tune(
        "Daisy Bell",
        "Harry Dacre, 1892 (chorus)",
        "3/4",
        "C",
        "g6 | e6 | c6 | G6 | A2 B2 c2 | A4 c2 | G6- | G6 | d6 | g6 | e6 | c6 | A2 B2 c2 | d4 e2 | d6- | d4 e2 |"
        "f2 e2 d2 | g4 e2 | d2 c4- | c4 d2 | e4 c2 | A4 c2 | A2 G4- | G4 G2 | c4 e2 | d4 G2 | c4 e2 | d2 e2 f2 |"
        "g2 e2 c2 | d4 G2 | c6- | c6",
    ),
    Tune(
        "Arirang",
        "Korean folk song, written down 1896",
        "3/4",
        "C",
        "G,3 A, G, A, | C3 D C D | E2 D E C A, | G,3 A, G, A, | C3 D C D | E D C A, G, A, | C3 D C2 | C6 |"
        "G4 G2 | G2 E2 D2 | E2 D2 C A, | G,3 A, G, A, | C3 D C D | E D C A, G, A, | C3 D C2 | C6",
    ),
    Tune(
        "Mo Li Hua",
        "Chinese folk song, printed 1804",
        "4/4",
        "C",
        "E2 E G A c c A | G2 G A G4 | E2 E G A c c A | G2 G A G4 | G2 G2 G2 E G | A2 A2 G4 | E2 D E G2 E D | C2 C D C4 |"
        "E D C E D3 E | G2 A c G4 | D2 E G D E C A, | G,8",
    ),
    Tune(
        "The Moldau",
        "Smetana, Má vlast, 1874",
        "6/8",
        "Am",
        "E | A2 B c2 d | e3 e3 | f3 f3 | e6 | d3 d3 | c3 c3 | B3 B3 | A5",
    ),
)
