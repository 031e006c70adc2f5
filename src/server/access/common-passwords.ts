/**
 * Passwords that others try first: the most frequent of eight characters and more in lists of stolen ones, as the
 * frequency list of zxcvbn (https://github.com/dropbox/zxcvbn) counts them, without those that are only rude.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
0.0.0.000 01011900 01011910 01011950 01011960 01011961 01011970 01011971 01011972 01011973 01011974 01011975
01011976 01011977 01011978 01011979 01011980 01011981 01011982 01011983 01011984 01011985 01011986 01011987
01011988 01011989 01011990 01011991 01011992 01011993 01011994 01011995 01011999 01012000 01012001 01012010
01012011 01020304 010203040506 01021990 01031985 01031988 01031989 01041985 01041988 01061986 01061990
01071986 01081989 01091987 01091989 01121986 01121988 012345678910 014702580369 0192837465 01telemike01
02011971 02011975 02011980 02011981 02011982 02011983 02011984 02011985 02011986 02011987 02011988 02011989
02021971 02021973 02021976 02021979 02021981 02021982 02021983 02021984 02021985 02021986 02021987 02021988
02021989 02021990 02031970 02031973 02031974 02031975 02031977 02031978 02031979 02031980 02031981 02031982
02031984 02031985 02031986 02031987 02031988 02031989 02041972 02041973 02041974 02041975 02041976 02041977
02041978 02041979 02041980 02041981 02041982 02041983 02041984 02041985 02041986 02041987 02041988 02041989
02051970 02051972 02051973 02051975 02051976 02051977 02051978 02051980 02051981 02051982 02051983 02051984
02051985 02051986 02051987 02051988 02051989 02061971 02061972 02061974 02061976 02061977 02061980 02061982
02061983 02061984 02061985 02061986 02061987 02061988 02061989 02071971 02071975 02071976 02071978 02071979
02071980 02071981 02071982 02071983 02071984 02071986 02071987 02071988 02071989 02081970 02081973 02081974
02081976 02081977 02081980 02081982 02081983 02081984 02081985 02081986 02081987 02081988 02081989 02091971
02091973 02091975 02091976 02091977 02091980 02091981 02091983 02091984 02091985 02091986 02091987 02091989
02101973 02101976 02101977 02101979 02101981 02101983 02101984 02101985 02101986 02101987 02101988 02101989
03031986 03041986 03041991 03082006 04041988 04041991 05051985 05051987 05051989 050605rostik 06061986
07071977 07071987 07091990 08031985 08031986 08051990 08081988 08121986 09051945 0987654321q 0o9i8u7y
10011986 10011990 10031988 10051987 10071987 10101986 10101990 10203040 1020304050 102030405060 10293847
1029384756 11001001 11051987 11051990 11061985 11081989 11111111 1111111111zz 11112222 1111qqqq 11121986
111222333 111222333000 111222333444555 11223344 1122334455 112233445566 11235813 1123581321 12011987
12021988 12031985 12031987 12051988 12121985 12121990 12131415 1213141516 122333444455555 12312312
123123qweqwe 1232323q 123321123 123321456654 123321qweewq 12340987 12344321 1234509876 12345123 123454321
1234554321 12345612 123456123 123456654321 12345677 12345677654321 12345678 123456782000 1234567887654321
123456789 1234567890 123456789000 12345678900987654321 1234567890987654321 1234567890a 1234567890q
1234567890qaz 1234567890qw 1234567890qwe 1234567890qwerty 1234567890z 1234567890zzz 1234567891 12345678910
123456789101 123456789123 1234567892000 12345678987654321 1234567899 123456789987654321 123456789a
123456789aaa 123456789abc 123456789asd 123456789d 123456789l 123456789m 123456789o 123456789p 123456789q
123456789qaz 123456789qqq 123456789qwe 123456789qwer 123456789qwerty 123456789r 123456789s 123456789v
123456789z 123456789zxc 12345678a 12345678q 12345679 1234567a 1234567aa 1234567q 1234567qwertyu 12345687
123456987 123456aa 123456ab 123456as 123456qq 123456qqq 123456qw 123456qwe 123456qwerty 123456ru
123456zxcvbn 12345abc 12345asd 12345qaz 12345qwe 12345qwer 12345qwert 12345qwerty 12348765 12349876 1234abcd
1234asdf 1234kekc 1234qwer 1234qwerasdf 1234qwerasdfzxcv 1234rewq 1234zxcv 123581321 12365478 123654789
12369874 123698745 123789456 123ewqasdcxz 123mudar 123qq123 123qwe123 123qwe456rty 123qweas 123qweasd
123qweasdzxc 123qwert 123qwerty 123qwerty123 12locked 12qw12qw 12qw34er 12qw34er56ty 12qwaszx 13021990
13031987 13041987 13041988 13061986 13121985 13243546 13245768 134679852 1357908642 135792468 1357924680
135798642 14021985 14021986 14061991 14111986 14725836 147258369 14785236 147852369 14789632 147896325
14881488 15011987 15021985 15051981 15051990 15101986 15426378 159753456 159753456852 16051987 16051989
16121987 17011987 17051988 17061988 18011987 18061990 18091985 18121812 18436572 19061987 19101987 19283746
192837465 193570356033 19411945 19960610ilja 1a2a3a4a 1a2a3a4a5a6a 1a2b3c4d 1a2b3c4d5e 1a2s3d4f 1a2s3d4f5g
1a2s3d4f5g6h 1michael 1million 1mustang 1passwor 1password 1q2q3q4q 1q2w3e4r 1q2w3e4r5 1q2w3e4r5t
1q2w3e4r5t6y 1qa2ws3ed 1qa2ws3ed4rf 1qa2ws3ed4rf5tg 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2
1qazxsw23edc 1qazxsw23edcvfr4 1qazzaq1 1qw23er4 1x2zkg8w 1z2x3c4v 1z2x3c4v5b 20031987 20051988 20061988
20091988 20091991 20111986 21011989 21031987 21031988 21031990 21051988 21051991 21101986 22011988 22021986
22021989 22031984 22041987 22041988 22061941 22071986 22334455 22446688 23021986 23041987 23176djivanfros
23skidoo 23wkoa0fp78dk 24011985 24061986 24111989 24681012 25031987 25041988 25081988 25091987 25121987
25800852 25802580 26031988 26061987 27061988 27731828 28011987 28021990 28021992 28041987 29011985 29051989
29071983 2wsx3edc 30031988 30041986 30051985 31011987 31217221027711 31415926 321654987 32615948worms
369258147 3edc4rfv 3rjs1la7qe 41d8cd98f00b 420842084208555 44332211 45m2do5bs 4815162342 4815162342lf
4815162342lost 541233432442 55bgates 59382113kevinp 5wr2i7h8 6215mila6215 66613666 69camaro 73501505
74108520 74123698 741258963 741852963 742617000027 7777777a 78945612 789456123 7894561230 789632145
789654123 7ugd5hip2j 890098890 89063032220m 89231243658s 89876065093rax 89semtsriuty 8j4ye3uz 911turbo
918273645 9293709b13 963258741 963852741 987456321 987654321a 99762000 a1234567 a12345678 a123456789
a123456a a1a2a3a4 a1b2c3d4 a1b2c3d4e5 a1s2d3f4 a1s2d3f4g5 a1s2d3f4g5h6 aa123456 aaaa1111 aardvark abc12345
abc123456 abc123456789 abcd1234 abcdefg1 abdullah aberdeen abnormal abracadabra abrakadabra absolute
absolutely acapulco access14 access99 achilles acidburn addicted adelaide adgjmptw admin123 admin18533362
administrator adrenalin adrianna adrienne advanced adventure aerosmit agent007 airborne aircraft airforce
airplane aksjdlasdakj89879 alabama1 albatros alcatraz alejandr alejandra alejandro aleksandr aleksandra
alessand alessandro alex1234 alexande alexander alexander1 alexandr alexandra alexandre alfarome aligator
allblack alleycat alliance allison1 allnight allstate almighty alpha123 alpha135792468 alphabet alterego
amadeusptfcor amateurs ambrosia america1 american amethyst amsterda amsterdam an83546921an13 anaconda
anakonda anastasi anastasia anastasiya andersen anderson andrewjackie andromed andromeda andyod22 angel123
angel666 angelica angelika angelina anhyeuem animated anna2614 annabell annmarie anonymous antananarivu
antelope anthony1 anthony2 anthony7 antonina anything anytimetoday apollo11 apollo13 apple123 applepie
aquarius arcangel archange archangel architec argentin argentina arizona1 arkansas armageddon armagedon
armstron armstrong arsenal1 as123456 asd12345 asdasd123 asdf1234 asdfasdf asdffdsa asdfg123 asdfgh01
asdfgh123456 asdfghjk asdfghjkl asdfghjkl123 asdfqwer asdfzxcv asdqwe123 ashleigh asmodeus aspirine assassin
asslover assmunch athletic atlanta1 atlantic atlantis atreides attitude attorney auckland auckland2010
augustin augustus austin31 australi australia avalanch avalanche aviation avrillavigne awesome1 azertyui
azertyuiop azsxdcfv babemagn babemagnet baberuth babybear babyblue babycake babydoll babyface babygirl
babylon5 babylove backbone backdoor badabing badiman28200 bajingan baltimor baracuda barbados barbara1
barcelon barcelona barefeet barefoot baritone barselona basement basketba basketbal batman12 bcfields
beachbum bearcats beatles1 beatrice beautifu beautiful beckham7 beefcake beethove bellagio bendover benedict
benessere benjamin bergkamp berkeley bernardo bernhard bertrand bettyboo bettyboop beverley
bhrh0h2oof6xbqjeh bigblack bigblock bigbooty bigbucks bigmoney bigpoppa bigtruck billabon billabong billybob
billyboy biohazard bionicle birthday bismarck bismilla bismillah blackberry blackbir blackbird blackcat
blackdog blackhaw blackhawk blackice blackjac blackjack blacklab blackman blackops blackout blacksonblon
blahblah blessed1 blessing blink182 blizzard blondinka blowfish bltynbabrfwbz blue1234 bluebell blueberr
blueberry bluebird blueeyes bluefish bluejays bluemoon bluenose bluesman bluestar bobafett bobdylan
bobmarley bollocks bonehead bookworm boomboom borabora bordeaux borussia boy4u2ownnyc bpgjldsgjldthnf
bradford bradley1 brandon1 bravehea braveheart brewster brighton brigitte brisbane brittany brittney
broadway broncos1 brooklyn brothers browndog browning brucelee bubba123 bubblegum bubbles1 buckaroo buckeye1
buckeyes buckshot buckwhea budapest buddy123 buddyboy buddydog budlight budweise budweiser buffalo1 bugsbunn
building bukowski bulldawg bulldog1 bulldogs bulletin bullfrog bullnuts2003 bullseye bullwink bunghole
business businessbabe buster12 bynthytn cabernet cadillac caldwell calendar caliente californ california
caligula calimero callaway callisto callofduty camaross cambiami cambridg cambridge cameron1 campbell
canadian candyass candyman cannabis cannibal cantona7 capetown capital1 capitals capoeira capricor capricorn
capslock captain1 cardinal cardinals care1839 carebear carlisle carlitos carnival carolina caroline carpedie
carpediem carpente cartman1 cartoons casablanca casanova cashflow cashmone cashmoney cassandr cassandra
castillo catalina catfight catherin catherine catwoman cavalier cbr900rr cdtnkfyf celebrity cerberus
cfitymrf chadwick chainsaw chairman challeng chambers champion chandler changeme chargers charisma charlene
charles1 charlie1 charlie123 charlie2 charlott charlotte charlton charming chauncey checkers checkmat
cheerleaers cheeseburger chelsea1 chemical chemistry cherokee cherries cheshire chester1 chesterfield
chestnut chevelle chevrole chevrolet chevys10 chewbacc cheyenne chicago1 chicken1 chickens chickenwing101
children chipmunk chiquita chocolat chocolate choochoo chopper1 choppers chris123 chrisbln christel christia
christian christie christin christina christine christma christmas christop christophe christopher
christopher1 chrysler chuckles churchil cinnamon citation civilization civilwar cjdthitycndj cjkysirj
clarence clarinet clarissa classics claudia1 claymore clemente cleopatr cleopatra clevelan cleveland
clifford climbing clippers clitoris close-up clueless cnfc35762209 cnfybckfd cobra427 cocacola coldbeer
coldplay colombia colonial colorado coltrane columbia columbus comanche combat123654 comicbookdb commande
commander commando complete computer computer1 concorde concrete configuratio confused conquest constant
construction consumer continue contortionist contract converse cooldude coolhand coolness copenhag corleone
cornelia cornhole cornwall corperfmonsy corvet07 corvette cosmopolitan costanza costello cosworth
counterstrike courtney coventry cowboys1 cowboyup crackers crawford crazybab crazyman creation creative
creature creepers crescent cricket1 criminal cristian cristina crjhgbjy cromwell crusader crystal1 culinary
customer cutiepie cyclones cygnusx1 daedalus dagobert daisydog dallas22 dangerous daniel12 daniella danielle
dannyboy daredevi daredevil darkange darkangel darklord darkness darkside darkstar darthvad daughter
david123 davidson daydream daylight dbrnjhbz deadhead deadpool deadspin death666 deathnote december deerhunt
deeznuts deeznutz defender deftones delaware delphine delpiero demon666 derparol designer destiny1 destroyer
detectiv detroit1 devil666 devildog devilman devilmaycry devilmaycry4 dfcbkbcf dfktynby dfktynbyf diamante
diamond1 diamonds dietcoke digital1 digitalprodu dilbert1 dilligaf dima1995 dingdong dinosaur diplomat
dipstick director dirtbike dirtydog disabled disaster discover discovery disturbed dkflbckfd dkflbvbh
dkflbvbhjdbx dkflbvbhjdyf doberman dodgeram dodgers1 doghouse dogpound dolemite dolphin1 dolphins
domainlock2005 domenico dominick dominika dominion dominiqu dominique dontknow doomsday doorknob dortmund
doughboy doughnut douglas1 downhill download downtown dragon01 dragon12 dragon123 dragon69 dragonba dragonfl
dragonfly dragrace dragster dreamcas dreamcast dreamer1 dreaming dropkick drowssap drpepper drummer1
dthjybrf dtkjcbgtl dtxyjcnm duracell dutchess dutchman dynamite earnhard earthlin earthlink eastside
eastwood eatmenow eclipse1 edmonton edwardcullen eggplant eighteen einstein ejaculation ekaterina elcamino
eldiablo eldorado electric electron elements eleonora elephant elevator elisabet elizabet elizabeth
elizaveta embalmer emmanuel enforcer engineer england1 enter123 enternow enterpri enterprise entertainment
entrance envelope erection ericsson escalade escorpio espresso estrella eternity ethernet euphoria
evanescence evangeli evangelion everlast everques everton1 everyday evildead evolutio evolution excalibu
excalibur exchange experience experienced explorer fabulous facebook fairlane faithful fandango fantasia
fantasies fantasti fantasy1 fantomas farscape fatima753357 favorite favorite2 favorite6 fearless feathers
february federico feelgood fellatio ferguson fernanda fernande fernando ferrari1 festival fgtkmcby fhvfutljy
fidelity fighting finalfantasy findaupair007 firebird fireblad fireblade firefigh firehawk fireman1
firestorm firewall fishbone fishcake fisherma fisherman fishface fishhead fishing1 fishtank fivestar
fkbyjxrf fkmnthyfnbdf fktrcfylh fktrcfylhf fktrcfylhjdbx fktrcfylhjdf fktrcfylhjdyf fktyeirf flamengo
flamingo flanders flashman flathead fletcher flexible flipflop flipper1 florence florida1 flounder
flvbybcnhfnjh flyers88 fordf150 fordf350 fordtruc foreplay foreskin forester forever1 foreveryoung forgetit
formula1 forsaken forsberg fortress fountain fourteen foxylady francesc francesco francine francisc
francisco francois frankie1 franklin freckles frederic frederick frederik frederiksberg fredrick freebird
freedom1 freedom2 freefall freepass freestyle freeuser freewill frenchie friday13 friendly friends1
friendster front242 frontier fruitbat fujifilm fullback fullmoon function funstuff funtimes futurama
futyn007 fyfcnfcbz fyfnjkbq fynfyfyfhbde fyutkbyf fyutkjxtr gabriel1 gabriela gabriele gabriell gabrielle
gallaries gamecube gameover gandalf1 gangbang gangbanged gangster gannibal garfield gargoyle garrison
gateway1 gateway2 gatorade gbhfvblf geibcnbr general1 generals genesis1 genocide geoffrey georgia1 georgina
geronimo gertrude gesperrt getmoney gfgfvfvf gfhfktkjuhfv gfhjkm12 gfhjkm123 gfhjkmgfhjkm ghbdtn123 ghbdtnbr
ghbdtndctv ghbdtnghbdtn ghbdtnrfrltkf ghblehjr ghbywtccf ghhh47hj7649 ghjatccbjyfk ghjcnbnenrf ghjcnjgbpltw
ghjcnjgfhjkm ghjcnjghjcnj ghjcnjnfr ghjcnjqgfhjkm ghjcnjrdfibyj ghjdthrf ghjnbdjcnjzybt ghjuhfvvf ghostrider
ghtdtlvtldtl gianluca gigabyte gilligan giovanna giovanni giuseppe gizmodo1 gjkysqgbpltw gladiato gladiator
glendale gn56gn56 godbless godfathe godfather godsmack godspeed godzilla gogators goldberg goldeney
goldeneye goldfing goldfish goldrush goldstar goldwing gonzales gonzalez good123654 goodgirl goodluck
goodtime goodyear gordon24 gorgeous gorillaz gotohell graduate graphics grateful graywolf greatest greatone
greedisgood green123 greenbay greenday greenlantern greenman greentea gregory1 gretchen greywolf griffith
groupd2013 gsxr1000 gthtrfnbgjkt gtnhjdbx gtnhjpfdjlcr guardian guillaum guillerm guinness halflife hallo123
hallowee halloween hamilton handsome handyman hannibal happines happiness happy123 happyday happyman
hardrock hardware hardwood harrison harrypotter hartford hastings hattrick hawaii50 hawaiian hawkeyes
hawthorn hayabusa hd764nw5d7e1vb1 hd764nw5d7e1vbv headache heather1 heather2 heavenly hedgehog hedimaptfcor
heineken heinrich hellfire hello123 hellohel hellokitty hellsing hellyeah helsinki hercules herewego
heritage hernande hershey1 hetfield highbury highheel highland highlander highlife hillbill hillside
holidays hollywoo hollywood homebrew homeless homemade homepage homework hondacbr honduras honeybee honeybun
honeydew hongkong honolulu hooligan hoosiers hopeless horseman horsemen hospital hotgirls hotstuff hounddog
housewifes houston1 htubcnhfwbz hugoboss hulkster humphrey hunter12 hurrican hurricane huskers1 hydrogen
hyperion iampurehaha2 ibilltes icehouse idontkno idontknow ignatius ihateyou ilikepie illinois illmatic
illusion ilovegod ilovemyfamily iloveyou iloveyou1 iloveyou2 ilya1234 immortal impalass imperial implants
imtheman india123 infamous infantry infected infiniti infinity information ingodwetrust innocent insanity
insecure insomnia inspiron installdevic installsqlst instinct integral intelligence interacial intercourse
interest internal international internet intrepid intruder inuyasha ipo54tj45uy856 ireland1 irishman
ironmaiden ironman1 isabella isabelle iseedeadpeople islander istanbul istheman italiano iverson3 j3qq4h7h2v
jackass1 jackson1 jackson5 james007 james123 jamesbon jamesbond jamesbond007 japanees japanese jasmine1
jayhawks jeanette jediknig jeepster jefferso jefferson jeffrey1 jellybea jellybean jennifer jennifer1
jennings jeremiah jermaine jessica1 jessica2 jesus123 jesus777 jiggaman johannes johncena johndeer johngalt
johnson1 johnston jonathan jonathon jordan23 josephin josephine josephphone7 joystick juliette junkmail
jupiter1 jupiter2 jurassic just4fun justdoit justice1 justinbieber juventus kakashka kamasutra kamikadze
kamikaze kangaroo karolina katarina katerina katherin katherine kathleen kawasaki kayleigh kazanova kazantip
kcchiefs kcj9wx5n kenneth1 kennwort kentucky kenworth kevin123 keyboard keystone kfcnjxrf kickflip kicksass
kikimora killbill killer12 killer123 kimberly kingfish kingkong kingston kirkland kissmyas kissmyass
kittycat kittykat kjrjvjnbd kleopatra klondike knickerless knickers knockers knuckles komputer konstantin
kordell1 koroleva krasotka kristen1 kristian kristin1 kristina kristine krokodil ktjynsq40147 l58jkdjp!
labrador lacrimosa lacrosse ladybird laetitia lakeside lakewood lalakers lambchop lamborghini lancelot
landmark landrove lapochka laserjet lasvegas laughing laurence lavalamp lawrence leavemealone lebowski
leedsutd left4dead lemonade leningrad lenochka leonardo leonidas letmein1 letmein2 letmeinn letmesee
letsdoit lfitymrf lhbjkjubz2957704 libertad liberty1 lifehack lifetime lighthou lighthouse lighting lightnin
lightning lilwayne limewire lincoln1 lineage2 lingerie lionhear lionheart lionking lipstick livelife
liverpoo liverpool liverpool1 livewire ljxtymrf lockdown lockerroom logitech lokomotiv lol12345 lollipop
lollypop lonesome lonestar lonewolf longdong longhair longhorn longjohn longshot lorraine losangel
losangeles lost4815162342 love1234 love777321777 lovehate loveless lovelife loverboy loverman lowrider
lucky123 luckydog luckyone ludacris lunchbox lytdybrbdfvgbhf lytghjgtnhjdcr macaroni macdaddy macgyver
machines macintos mackenzi madagaskar madala11 madeline madison1 madonna1 magazine magdalena magellan
magic123 magician magicman magnolia mailcreated5240 mainland majestic makaveli makeitso maksimka malaysia
mallorca mallrats mamacita mamapapa mamochka manager1 manchest manchester mandarin mandingo mandrake
manhatta manifest mannheim manunited maprchem56458 maradona marajade marathon marauder marcella marcello
marcius2 margaret margarit margarita marianna marianne marijuan marijuana mariners marines1 marino13
mariposa marishka marjorie marlboro marriage marseill marseille marshall martinez maryanne marybeth maryjane
maryland masamune maserati mash4077 massimiliano master12 master123 mastermi mastermind matchbox matthew1
matthews matthias maurizio maurolarastefy maverick maximilian maximus1 maxpayne maxpower maxwell1 mazafaka
mazda323 mazda626 mazdarx7 mcdonald mckenzie meathead meatloaf mechanic medicine megadeth megapass megatron
melanie1 melissa1 meowmeow mephisto mercedes merchant mercury1 meredith meridian mersedes messenger metallic
metallica metallica1 mevefalkcakk michael1 michael2 michaela michaeljackson michaels michele1 michelle
michelle1 michigan microlab microphone microsof microsoft midnight mike1234 milamber military milkyway
millenium millions millwall minecraft minecraft123 minimoni ministry minnesot minnesota minnesota_hp
mischief misfit99 mississi mississippi missouri mistress mitchell modelsne mohammad mohammed mojojojo
molly123 mollydog monalisa money123 moneyman mongoose monkey12 monkey123 monkey69 monkeybo monkeyboy
monkeyman monolith monopoly monster1 monsters montana1 montecar montecarlo monterey montgom240 montreal
montrose moonbeam moonligh moonlight moonshin morganstanley morozova morpheus morrison morrowind
mortalkombat mortgage morticia mortimer motdepasse motherfu motherlode motocros motocross motorola mountain
msoracle32re msorcloledbr mudvayne muhammad mulligan multiplelo munchkin mushroom musician musicman mustang1
mustang2 mustang5 mustang6 mustangs myfriend mynameis mypasswo mypassword myspace1 myxworld nancy123
napoleon nascar24 nastenka natalie1 natascha natasha1 natedogg nathalie nathanie nathaniel national nautilus
navigator navyseal ncc1701a ncc1701d ncc1701e ncc74656 ne_e_pod_chehyl nebraska necronomicon needforspeed
negative nemesis1 nemrac58 nemvxyheqdd5oqxyxyzi netscape networkingpe nevermin nevermind nevermore newcastl
newcastle neworder newpass1 newpass6 newport1 newproject2004 newstart newyork1 nhbujyjvtnhbz nhecsyfujkjdt
nhfdvfnjkju123 nhfycajhvths nicholas nick1234-rem936 nightcrawler nightmar nightmare nightowl nightwin
nightwish nineinch nineteen nintendo nirvana1 nocturne nokia123 nokia5130 nokia5230 nokia5530 nokia5800
nokia6233 nokia6300 nokian73 noname123 nondriversig nopassword normandy northern nosferatu nostromo notebook
nothing1 notredam nounours november nthvbyfnjh ntktdbpjh ntktdbpjh1994 nuttertools nwo4life nygiants
oblivion obsidian offshore offspring oklahoma olcrackmaster omegared ontheoutside opendoor operator optimist
optiplex original outsider overkill overlord p0015123 p030710p$e4o p0o9i8u7 p4ssw0rd p@ssw0rd pa55w0rd
pa55word packers1 paintbal painting pakistan paladin1 pallmall palmtree panasoni panasonic pancakes panorama
pantera1 panther1 panthers pantyhos papabear papamama paperino papillon paradigm paradise paraklast1974
paramedi paramore paranoid parlament pasadena pass1234 passcode passmast passport passw0rd passwor1 password
password01 password1 password11 password12 password123 password1234 password2 password9 password99
passwordassword passwords passwordstandard passwort patches1 pathetic pathfind patience patricia patrick1
patriots pavement pavilion peaceful peaches1 pearljam peekaboo pegasus1 penelope penetration penguin1
penguins pennstat pennywis pentagon penthous perfect1 personal pertinant peterbil peterpan peterson
petrovich pfqwtd27121988 phantom1 pharmacy phialpha philadelphia philippe phillies phillips phoenix1
pianoman pictuers pictures piercing pimpdadd pimpdaddy pineappl pineapple pinetree pingpong pinkfloy
pinkfloyd pinnacle pipeline pippen33 piramida pitchers pizzahut pizzaman plastics platinum platypus playmate
playstat playstation playstation2 playstation3 playtime pleasure plumbing plymouth poiuytrewq pokemon1
poohbear pool6123 poontang poophead popcorn1 porkchop porsche1 porsche9 porsche911 portland portugal
poseidon positive pounding power123 powerful powerman preacher precious predator pregnant prelude1 presario
presiden president pressure prestige princesa princess princess1 princeto pringles printing private1
priyanka producer professional progress property prophecy prospect protocol prototype prudence ptybnxtvgbjy
pufunga7782 pumpkin1 pumpkins punisher punkrock punksnotdead puppydog q1234567 q123456789 q1q2q3q4
q1q2q3q4q5 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 q1w2e3r4t5y6u7 q1w2e3r4t5y6u7i8 q1w2e3r4t5y6u7i8o9p0 q2w3e4r5
qawsedrf qawsedrftg qawsedrftgyh qaz123wsx qaz123wsx456 qazwsx12 qazwsx123 qazwsx123456 qazwsxed qazwsxedc
qazwsxedc1 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qazxsw123 qazxswedc qazxswedc123 qazxswedcvfr qq123456
quant4307s question qw123456 qwaszxerdfcv qwe123qwe qweasd123 qweasdzx qweasdzxc qweasdzxc123 qwedsazxc
qwer1234 qwerasdf qwerasdfzxcv qwert123 qwert12345 qwertasdfgzxcvb qwerty11 qwerty12 qwerty123 qwerty1234
qwerty12345 qwerty123456 qwerty123456789 qwerty13 qwerty78 qwertyasdfgh qwertyui qwertyuio qwertyuiop
qwertyuiop10 qwertyuiop12 qwertyuiop123 qwertyuiop12345 qwertyytrewq r2d2c3po rachelle radiohea radiohead
ragnarok raiders1 railroad rainbow1 rainbow6 rainbows rainyday raistlin rammstei rammstein ramstein randolph
rangers1 rapunzel rasputin rastaman raymond1 rb26dett rdfhnbhf realmadrid rebecca1 reckless recovery
redalert redbaron reddevil reddwarf redheads redlight redskins redstorm redwings reginald regional register
reindeer reloaded remember remingto renegade republic research resident residentevil restless revival47
revoluti revolution revolver reynolds rfgbnjirf rfhfvtkmrf rfhfylfi rfhlbyfk rfhnjirf rfnthbyf rfnthbyf1988
rfntymrf rfvfcenhf rhbcnbyf rhfcfdbwf rhfcjnrf rhiannon rhjrjlbk rhtdtlrj riccardo richard1 richards
richmond riffraff rightnow riverrat riversid riverside rjhjktdf rjirfrgbde rjycnfynby rktjgfnhf roadkill
roadking roadrunn roadrunner roadster robinson robotech robotics rochelle rockford rockhard rocknrol
rocknroll rockstar rockwell rocky123 rodrigue rolltide romantic romashka ronaldinho ronaldinho10 roosters
rootbeer rosebud1 rosemary rosewood rt6ytere runescape rush2112 rushmore rustydog sabrina1 sailboat
salamander salasana salesman saltydog salvador salvator salvatore samadams samantha sammy123 sammydog
samsung1 sandberg sandiego sandman1 sandrine sandwich sanfrancisco santacru santiago sapphire sarajevo
saratoga sasha123 sasha_007 satan666 satellite satisfaction saturday saun24865709 sausages savannah saxophon
scandinavian scarface scarlett scheisse schoolgirlie schubert scirocco scissors scoobydo scoobydoo scooter1
scorpio1 scorpion scorpions scotland scrabble scrapper screwyou sdicmt7seytn seahawks seahorse sealteam
sebastia sebastian security seductive seemnemaailm segblue2 seinfeld seminole semperfi senators sentinel
sephirot sephiroth septembe september serenity sergbest sergeant sersolution service1 services sevenof9
sfgiants shadow12 shamrock shaney14 shanghai shannon1 sheepdog shepherd sheridan sherlock sherwood
shevchenko shinigami shopping shotokan showtime shredder sickness sidekick sigmachi silverad silverado
simpsons sinclair singapor singapore sinister sithlord sk8ordie skateboard skeeter1 skeleton skinhead
skipper1 skittles skorpion skydiver skywalke skywalker slamdunk slapnuts slapshot sleeping slimshad
slimshady slipknot slippery slowhand smackdow smackdown smartass smashing smeghead smirnoff smirnova
smithers smoke420 smoothie snapshot sneakers snickers sniffing snoopdog snoopdogg snowbird snowboar
snowboard snowflak snowman1 snuggles soccer10 soccer11 soccer12 socrates softtail software sojdlg123aljg
sokolova solitude solnishko solution somebody somerset somethin something sometime sonnenschein sonyericsson
sooners1 sopranos soso123aljg soulmate southern southpar southpark southpaw spaceman spalding sparhawk
sparkles spartan1 spartans speakers special1 specialinsta specialk spectrum speedway spencer1 spiderma
spiderman spiderman1 spitfire splendid splinter spongebo spongebob sporting springer sprinter sprocket
squerting squirrel srinivas stafford stallion standard stanford stanislav stanley1 starbuck starbucks
starcraf starcraft stardust starfire starfish stargate starligh starlight starlite starship start123
startrek starwars starwars1 steelers stefanie stephane stephani stephanie stephen1 stephens sterling
stewart1 stickdaddy77 stickman stigmata stiletto stinger1 stingray stinkyfinger stirling stocking stockton
stonecol stonecold stonewal stoppedby straight stranger stratfor stratocaster strawber strawberry streaming
strength sublime1 suburban success1 sullivan summer69 summer99 sundance sunderla sundevil sunflowe sunflower
sunlight sunnyday sunshine sunshine1 super123 superbow superfly superior superman superman1 supernatural
supernov supernova supersonic supersta superstar surprise surveyor survival survivor svetlana sweetheart
sweetnes sweetness sweetpea swimming swinging swordfis swordfish sylveste syncmaster syracuse systemofadown
tacobell taekwondo tailgate talisman tamerlan tampabay tangerin tarheels tazmania technics teddybea
teddybear telephon telephone temppass temppassword tennesse tequiero terminal terminat terminator terrapin
test1234 testing1 testpass thailand thanatos thankyou thebeast thecakeisalie thedoors theforce thegreat
theodore therock1 thething thetruth thinking thirteen thisisit thompson thrasher threesom thuglife thumbnils
thumper1 thunder1 thunderb thursday tiberian tiberius ticketmaster tickling ticklish ticktock tiffany1
tiger123 tigercat timelord timothy1 timoxa94 tinkerbe tinkerbell titanium titleist tkbpfdtnf together
tokiohotel tomahawk tommyboy tomorrow toonarmy topolino topsecret toriamos tortoise tottenha tottenham
touching toulouse trailers training transfer transformers translator traveler treasure treefrog trfnthbyf
triangle trinidad trinitro trinitron trinity1 trombone trooper1 tropical trouble1 troubles trousers trucking
trueblue truelove truffles trumpet1 trustno1 tunafish turkey50 twilight ultimate umbrella unbelievable
uncencored underdog underground undertak undertaker undertow underwear universa universal universe
university ursitesux username usmarine vacation vagabond valencia valentin valentina valentine valeriya
valhalla valkyrie valleywa vampire1 vampires vancouve vancouver vanessa1 vanguard vanhalen vanyarespekt
vasilisa vauxhall velocity vendetta verbatim veronica veronika vfhbyfvfhbyf vfhbyjxrf vfhnsirf vfhufhbnf
vfitymrf vflfufcrfh vfntvfnbrf vfpfafrf vfrcbvrf vfrcbvvfrcbv vfvfgfgf vfvfvskfhfve victoria victory1
viewsoni viewsonic vikings1 viktoria viktoriya vincent1 vincenzo violator violetta vipergts virginia
virginie vivitron vjqgfhjkm vkontakte vladimir vladimirovna vladislav vodafone volkswag volleyba voyager1
vqsablpzla vsjasnel12 wachtwoord waffenss wanderer warcraft warcraft3 wareagle warhamme warhammer
warhammer40k warrior1 warriors washburn washingt washington waterboy waterfal waterloo waterman waterski
wazzkaprivet wdtnjxtr weare138 webhompas webmaste webmaster websol76 websolutions websolutionssu
webuivalidat wednesda wednesday weihnachtsbau weihnachtsbaum welcome1 welcome2 wellingt werewolf westside
westwood wg8e3wjf whatever whiplash whiskers whistler whiteboy whiteout whitesox whocares whoknows
whosyourdaddy wildbill wildcard wildcats wildfire wildlife wildwood william1 williams windmill windows1
windsurf winfield wingzero winston1 winter99 wireless wishbone wolfgang wolfpack wolverin wolverine
wonderboy wonderfu wonderful woodland woodside woodstoc woodstock woodwork woofwoof wordpass wp2003wp
wrangler wrestler wrestlin wrestling wrinkle1 wrinkles yamahar1 yankees1 yankees2 yaroslav yeahbaby
yfcntymrf yfnfitymrf yjdsqgfhjkm yogibear yosemite ytngfhjkz z1x2c3v4 z1x2c3v4b5 z1x2c3v4b5n6 z1x2c3v4b5n6m7
zachary1 zanzibar zaq12345 zaq12wsx zaq12wsxcde3 zaq1xsw2 zaq1xsw2cde3 zaqwsxcde zaqwsxcderfv zaqxswcde
zcfvfzkexifz zeppelin zerocool zildjian zimbabwe zqjphsyf6ctifgu zxasqw12 zxcasdqwe zxcasdqwe123 zxcv1234
zxcvasdf zxcvb123 zxcvb12345 zxcvbn123456 zxcvbnm1 zxcvbnm123 zxcvbnm123456789 zxcvbnmmnbvcxz
`
    .trim()
    .split(/\s+/),
);

/** Shorter ones, which become long passwords with digits behind them. */
export const commonRoots: ReadonlySet<string> = new Set(
  `
access adidas albert alex alexis amanda america andrea andrew andrey angel angela angels animal anthony
apollo apple apples arsenal arthur asdasd asdf asdfgh ashley august austin azerty baby badboy badger bailey
banana bandit barbara barney batman bear beatles beavis beer bigboy bigdog billy birdie biteme black blazer
blowme blue bonnie booger boomer boston brandon brandy braves brian bronco broncos bubba bubbles buddy
buffalo bulldog buster calvin camaro cameron canada captain carlos carmen carter cartman casper cassie
celtic chance charles charlie cheese chelsea cherry chester chicago chicken chris coffee compaq cookie cool
cooper copper cowboy cowboys cricket crystal dakota dallas daniel dave david debbie dennis destiny dexter
diablo diamond digital doctor doggie dolphin donald donkey dragon dreams driver eagles eclipse edward eminem
enigma enter falcon family fender ferrari fire fish fishing florida flower fluffy flyers forever fred freddy
freedom friend friends gabriel gandalf gateway gators gemini genesis genius george gfhjkm ghbdtn giants
gibson ginger girls golden golf golfer goober gordon green guitar gunner hammer hannah happy harley hawaii
heather heaven hello helpme hockey horses hotdog hunter iceman iwantu jack jackass jackie jackson jaguar
james jasmine jason jasper jeremy jessica jessie john johnny johnson jordan joseph joshua junior justin
killer kitten klaster knight lakers lauren legend letmein little london louise love lovely loveme lover
lovers lucky maddog madison maggie magic magnum marcus marina marine martin marvin master matrix matthew
maximus maxwell melissa member merlin mexico michael mickey mike miller money monica monkey monster montana
morgan mother murphy mustang nascar natasha nathan nelson newyork nicole nikita nirvana nissan nothing
october oliver online orange packers pantera panther parker pass patrick paul peaches peanut pepper peter
phantom phoenix pimpin player please pokemon police pookie poopoo porsche power prince private pumpkin
purple qazwsx qazxsw qwaszx qweqwe qwert qwerty qwertyu rabbit rachel racing raiders rainbow ranger rangers
razz rebecca redsox richard robert rocket rosebud runner sabrina sammy samson samsung samuel sandra saturn
school scooby scooter scorpio scott scotty secret sergey shadow shannon sharon shelby sierra silver simple
skippy slayer smokey sniper snoopy soccer sophie sparky speedy spencer spider stalker stanley star stella
stephen steve steven stupid success summer surfer sydney taylor tennis test testing theman therock thomas
thunder tiffany tiger tigers tigger tomcat topgun toyota travis trinity trouble tucker turtle united vampire
vanessa victor viking viper voodoo voyager walker walter warrior welcome william willie willow wilson winner
winston winter wizard xavier yamaha yankee yankees yellow zxcvbn zxcvbnm
`
    .trim()
    .split(/\s+/),
);
